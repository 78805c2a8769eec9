//! The known causes of a drawn face: everything that decides of its picture, public, so that errors
//! can be set against them.

use super::{Presentation, SkinTone};

/// How hair grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HairTexture {
    /// Straight.
    Straight,
    /// In waves.
    Wavy,
    /// In curls.
    Curly,
    /// In tight coils.
    Coily,
}

impl HairTexture {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Straight => "raides",
            Self::Wavy => "ondulés",
            Self::Curly => "bouclés",
            Self::Coily => "crépus",
        }
    }
}

/// How hair is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// No hair on the head.
    Bald,
    /// A few millimetres.
    Shaved,
    /// Above the ears.
    Short,
    /// Short, high and wide.
    Volume,
    /// Down to the chin.
    Chin,
    /// Down to the shoulders or lower.
    Long,
    /// Tied up on the head.
    Bun,
}

impl Cut {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bald => "chauve",
            Self::Shaved => "ras",
            Self::Short => "courts",
            Self::Volume => "volumineux",
            Self::Chin => "au menton",
            Self::Long => "longs",
            Self::Bun => "chignon",
        }
    }
}

/// What covers the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Headwear {
    /// Nothing.
    None,
    /// A cap with a visor.
    Cap,
    /// A knitted cap.
    Beanie,
    /// A hat with a brim.
    Brim,
    /// A scarf that leaves the face alone.
    Scarf,
}

impl Headwear {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "aucun",
            Self::Cap => "casquette",
            Self::Beanie => "bonnet",
            Self::Brim => "chapeau",
            Self::Scarf => "foulard",
        }
    }
}

/// What is in front of the eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glasses {
    /// Nothing.
    None,
    /// Round frames.
    Round,
    /// Rectangular frames.
    Square,
    /// Sunglasses.
    Dark,
}

impl Glasses {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "aucunes",
            Self::Round => "rondes",
            Self::Square => "carrées",
            Self::Dark => "de soleil",
        }
    }
}

/// Hair on the lower face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Beard {
    /// None.
    None,
    /// A few days.
    Stubble,
    /// Above the lip only.
    Moustache,
    /// Around the mouth.
    Goatee,
    /// The whole lower face.
    Full,
}

impl Beard {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "aucune",
            Self::Stubble => "de quelques jours",
            Self::Moustache => "moustache",
            Self::Goatee => "bouc",
            Self::Full => "pleine",
        }
    }
}

/// What is behind the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Background {
    /// One colour that fades into another.
    Plain,
    /// Lights out of focus.
    Spots,
    /// Curtains, shutters.
    Stripes,
    /// Walls, shelves.
    Panels,
    /// Foliage.
    Leaves,
    /// A horizon.
    Outdoors,
}

impl Background {
    /// Its name in French, as frames have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "uni",
            Self::Spots => "lumières",
            Self::Stripes => "rayures",
            Self::Panels => "panneaux",
            Self::Leaves => "feuillage",
            Self::Outdoors => "horizon",
        }
    }
}

/// Light, background and camera: drawn in the same way for faces and for other images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// What is behind.
    pub background: Background,
    /// Main light: to a side, −90 to 90.
    pub light_side: f32,
    /// Main light: above the face, −20 (from below) to 70.
    pub light_height: f32,
    /// How much harder the main light is than the rest, from 0 (overcast) to 1 (a spotlight).
    pub light_hardness: f32,
    /// Exposure of the picture, in stops: 0 is right, −2 a quarter of the light.
    pub exposure: f32,
    /// Contrast of the picture: 1 is right, 0 would be plain grey.
    pub contrast: f32,
    /// Colour of the light, from −1 (cold) to 1 (warm).
    pub warmth: f32,
    /// Black and white.
    pub grey: bool,
    /// Width of the blur (standard deviation), as a share of the side of the picture.
    pub blur: f32,
    /// Standard deviation of the grain, in levels from 0 to 1.
    pub grain: f32,
    /// Quality of the JPEG compression, from 1 to 100.
    pub jpeg: u8,
}

/// Everything that decides of the picture of a face. Angles are in degrees, positive to the right of
/// the picture, down and clockwise.
///
/// The same factors give the same person at any size: what is not named here (the shape of a nose,
/// the colour of a shirt, each strand) follows from [`seed`](Self::seed).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceFactors {
    /// Type of skin.
    pub tone: SkinTone,
    /// Presentation that was asked for; [`femininity`](Self::femininity) decides of the cues.
    pub presentation: Presentation,
    /// Apparent age, in years, from 1 to 110.
    pub age: f32,
    /// Latent presentation: about +1 ± 0.9 when feminine, −1 ± 0.9 when masculine, nearer 0 for
    /// children. Each cue (jaw, brows, lips, cut) adds an error of its own.
    pub femininity: f32,
    /// Head turned to a side, about −40 to 40.
    pub yaw: f32,
    /// Head turned down, about −20 to 20.
    pub pitch: f32,
    /// Head tilted, about −20 to 20.
    pub roll: f32,
    /// Corners of the mouth, from −1 (down) to 1 (a wide smile).
    pub smile: f32,
    /// Opening of the mouth, from 0 to 1.
    pub mouth_open: f32,
    /// Opening of the eyes, from 0 (closed) to about 1.3.
    pub eyes_open: f32,
    /// Brows, from −1 (frown) to 1 (raised).
    pub brow_raise: f32,
    /// Make-up, from 0 (none) to 1 (full).
    pub makeup: f32,
    /// Freckles, from 0 (none) to 1 (many).
    pub freckles: f32,
    /// Grey hair, from 0 (none) to 1 (all).
    pub grey: f32,
    /// Receding hairline, from 0 to 1.
    pub receding: f32,
    /// How hair grows.
    pub hair: HairTexture,
    /// How hair is worn.
    pub cut: Cut,
    /// Hair on the lower face.
    pub beard: Beard,
    /// What covers the head.
    pub headwear: Headwear,
    /// What is in front of the eyes.
    pub glasses: Glasses,
    /// Light, background and camera.
    pub shot: Shot,
    /// Half-height of the head, as a share of the side.
    pub size: f32,
    /// Middle of the head, from the middle of the picture, as a share of the side.
    pub offset: (f32, f32),
    /// Seed of all that has no name here.
    pub seed: u64,
}
