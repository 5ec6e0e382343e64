//! The pages in a real browser: what a guest and an owner see, press and type.

mod abilities;
mod affairs;
mod browser;
mod devices;
mod ends;
mod guest;
mod opening;
mod owner;
mod people;
