//! Maps what happened to codes onto gate topics, and hears what the gates answer
