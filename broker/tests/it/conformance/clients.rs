//! Clients from the market, as they come; rumqttc is in `delivery`.
