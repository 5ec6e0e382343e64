//! The HTTP face: login, devices, settings, codes, attempts and the guest's pages

pub mod server;
