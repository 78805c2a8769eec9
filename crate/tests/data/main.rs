//! Where images and labels come from: folders, archives, sessions, drawn faces.

mod age_classes;
mod cache;
mod detection;
mod drawn_faces;
mod drawn_people;
mod folder;
mod frames;
mod h5;
mod jpeg_kinds;
mod labelled;
mod real;
mod session;
mod storage;
mod support;
mod synthetic;
mod utkface;
