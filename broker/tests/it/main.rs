//! The broker through its front door: real TLS, real clients, raw bytes, on loopback.

mod admission;
mod conformance;
mod delivery;
mod endings;
mod fuzz;
mod house;
mod noise;
mod pressure;
mod raw;
mod registry;
mod rights;
