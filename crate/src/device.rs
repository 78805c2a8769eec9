//! Choice of the compute device: CUDA where it is built in and present, else the processor.
//!
//! Devices are given **plain** (without autodiff): what is kept between cells never carries a
//! graph. Training functions call [`Device::autodiff`] or `model.train()` themselves.

use burn::tensor::{Device, DeviceType};

use crate::error::{Error, Result};

/// Environment variable that names the device: `flex`, `ndarray`, `cuda`, `cuda:1`…
pub const DEVICE_VARIABLE: &str = "TP_DEVICE";

const ACCEPTED: &str = "auto, flex, ndarray, cuda, cuda:N (N, numéro de la carte, à partir de 0)";

/// The fastest device at hand: the first CUDA card where the crate is built with the feature
/// `cuda` and a driver answers, else [`flex`](Device::flex) on the processor.
///
/// `Device::default()` is not used: with the feature `cuda` it names CUDA on machines without a card.
pub fn best() -> Device {
    cuda_devices()
        .into_iter()
        .next()
        .unwrap_or_else(Device::flex)
}

/// The device that `name` designates: `auto`, `flex`, `ndarray`, `cuda` or `cuda:N`, in any case.
///
/// # Errors
/// [`Error::Setting`] for an unknown name, [`Error::DeviceUnavailable`] for a device that is not
/// built in or not present.
pub fn from_name(name: &str) -> Result<Device> {
    let wanted = name.trim().to_ascii_lowercase();
    match wanted.as_str() {
        "auto" => return Ok(best()),
        "flex" => return Ok(Device::flex()),
        "ndarray" => return ndarray(),
        _ => {}
    }
    let index = match wanted.strip_prefix("cuda") {
        Some("") => Some(0),
        Some(rest) => rest
            .strip_prefix(':')
            .and_then(|digits| digits.parse::<usize>().ok()),
        None => None,
    };
    match index {
        Some(index) => cuda(index),
        None => Err(Error::Setting {
            variable: DEVICE_VARIABLE,
            value: name.to_owned(),
            accepted: ACCEPTED.to_owned(),
        }),
    }
}

/// The device named by the environment variable `TP_DEVICE`, else [`best`].
///
/// # Errors
/// Those of [`from_name`].
pub fn from_env() -> Result<Device> {
    match std::env::var_os(DEVICE_VARIABLE) {
        None => Ok(best()),
        Some(value) if value.is_empty() => Ok(best()),
        Some(value) => from_name(&value.to_string_lossy()),
    }
}

/// A device in French: « processeur (flex, 8 cœurs) », « carte graphique CUDA n° 0 ».
pub fn describe(device: &Device) -> String {
    // Equality of devices compares the hardware and ignores autodiff.
    if *device == Device::flex() {
        return format!("processeur (flex, {})", cores());
    }
    if ndarray().is_ok_and(|ndarray| *device == ndarray) {
        return format!("processeur (ndarray, {})", cores());
    }
    match cuda_devices().iter().position(|card| card == device) {
        Some(index) => format!("carte graphique CUDA n° {index}"),
        None => format!("{device:?}"),
    }
}

/// Makes the calling thread one of the threads that share out the computations; to be called once, early.
///
/// Every parallel operation is then worked on by the thread that asks for it, with the others' help. Without
/// this it waits, asleep, while others do all of it: a training step makes a hundred such operations, and being
/// woken up costs more than the smallest of them.
///
/// Does nothing when the threads are already there.
pub fn share_this_thread() {
    // The only error is that a pool exists: it serves as well.
    let _ = rayon::ThreadPoolBuilder::new()
        .use_current_thread()
        .build_global();
}

/// The processor through burn-ndarray, deprecated upstream and kept selectable for comparison.
///
/// Enumeration is the path to it that is not itself deprecated.
fn ndarray() -> Result<Device> {
    Device::enumerate(DeviceType::NdArray)
        .into_iter()
        .next()
        .ok_or_else(|| Error::DeviceUnavailable {
            name: "ndarray".to_owned(),
            reason: "la bibliothèque a été compilée sans ce moteur".to_owned(),
        })
}

/// The CUDA card number `index`.
fn cuda(index: usize) -> Result<Device> {
    let devices = cuda_devices();
    let count = devices.len();
    devices.into_iter().nth(index).ok_or_else(|| {
        let reason = if cfg!(not(feature = "cuda")) {
            "la bibliothèque a été compilée sans CUDA".to_owned()
        } else if count == 0 {
            "aucune carte NVIDIA (ou aucun pilote) sur cette machine".to_owned()
        } else {
            let cards = crate::french::count(count, "carte");
            format!("cette machine a {cards} ; les numéros commencent à 0")
        };
        Error::DeviceUnavailable {
            name: format!("cuda:{index}"),
            reason,
        }
    })
}

/// CUDA cards of this machine; none without the feature or without a driver.
#[cfg(feature = "cuda")]
fn cuda_devices() -> Vec<Device> {
    Device::enumerate(DeviceType::Cuda).into_vec()
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Vec<Device> {
    Vec::new()
}

fn cores() -> String {
    match std::thread::available_parallelism().map_or(1, usize::from) {
        1 => "1 cœur".to_owned(),
        count => format!("{count} cœurs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_designate_devices() {
        assert_eq!(from_name("flex").unwrap(), Device::flex());
        assert_eq!(from_name(" FLEX ").unwrap(), Device::flex());
        let ndarray = from_name("ndarray").unwrap();
        assert_ne!(ndarray, Device::flex());
        assert!(describe(&ndarray).starts_with("processeur (ndarray"));
        assert!(describe(&Device::flex().autodiff()).starts_with("processeur (flex"));
        assert!(!from_name("auto").unwrap().is_autodiff());
    }

    #[test]
    fn unknown_names_list_the_accepted_ones() {
        for name in ["", "gpu", "cuda:", "cuda:x", "cuda-1", "flex2", "cpu\n"] {
            let message = from_name(name).unwrap_err().to_string();
            assert!(message.contains("TP_DEVICE"), "{name:?} : {message}");
            assert!(message.contains("flex, ndarray, cuda"), "{message}");
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_so() {
        let message = from_name("cuda:0").unwrap_err().to_string();
        assert!(message.contains("compilée sans CUDA"), "{message}");
        assert_eq!(best(), Device::flex());
    }
}
