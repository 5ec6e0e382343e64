//! Packets by chance: right ones of both versions, and what becomes of them when they are broken.

use crate::raw::{packet, properties, text};

/// Chance that is the same for the same seed (`SplitMix64`).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("64 bits");
        usize::try_from(self.next() % limit).expect("it is below the limit")
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn name<'a>(&mut self, from: &'a [String]) -> &'a str {
        &from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn bytes(&mut self, below: usize) -> Vec<u8> {
        (0..self.below(below)).map(|_| self.byte()).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A CONNECT that the codec takes.
    pub(crate) fn connect(&mut self, version: u8, id: &str, will_topics: &[String]) -> Vec<u8> {
        let has_will = self.one_in(2);
        let (has_name, has_password) = (self.one_in(3), self.one_in(3));
        let has_password = has_password && (has_name || version == 5);
        let mut flags = u8::from(self.one_in(2)) << 1;
        flags |= u8::from(has_name) << 7 | u8::from(has_password) << 6;
        if has_will {
            flags |= 4 | self.pick(&[0, 8, 16]) | self.pick(&[0, 32]);
        }
        let mut body = text("MQTT");
        body.extend([version, flags, 0, self.byte()]);
        body.extend(self.properties(version, &[17, 23, 25, 33, 34, 38, 39]));
        body.extend(text(id));
        if has_will {
            body.extend(self.properties(version, &[1, 2, 3, 8, 9, 24, 38]));
            body.extend(text(self.name(will_topics)));
            body.extend(self.binary());
        }
        if has_name {
            body.extend(self.text());
        }
        if has_password {
            body.extend(self.binary());
        }
        packet(0x10, &body)
    }

    /// A packet of a connected client that the codec takes.
    pub(crate) fn packet(&mut self, version: u8, topics: &[String]) -> Vec<u8> {
        let id = [self.byte(), self.byte() | 1];
        match self.below(16) {
            0..6 => {
                let qos = self.pick(&[0, 1]);
                let mut body = text(self.name(topics));
                body.extend(id.iter().take(usize::from(qos) * 2));
                body.extend(self.properties(version, &[1, 2, 3, 8, 9, 38]));
                body.extend(self.bytes(40));
                packet(0x30 | qos << 1 | self.pick(&[0, 8]), &body)
            }
            6..9 => {
                let mut body = id.to_vec();
                if version == 5 && self.one_in(2) {
                    body.push(self.pick(&[0, 16, 0x80, 0x99]));
                    body.extend(self.properties(version, &[31, 38]));
                }
                packet(0x40, &body)
            }
            9..11 => {
                let mut body = id.to_vec();
                body.extend(self.properties(version, &[38]));
                for _ in 0..=self.below(3) {
                    body.extend(text(self.name(topics)));
                    let of_mqtt_5 = self.pick(&[0, 4, 8, 16, 32, 0x2C]);
                    let options = if version == 5 { of_mqtt_5 } else { 0 };
                    body.push(self.pick(&[0, 1, 2]) | options);
                }
                packet(0x82, &body)
            }
            11..13 => {
                let mut body = id.to_vec();
                body.extend(self.properties(version, &[38]));
                for _ in 0..=self.below(3) {
                    body.extend(text(self.name(topics)));
                }
                packet(0xA2, &body)
            }
            13..15 => vec![0xC0, 0],
            _ => {
                let mut body = Vec::new();
                if version == 5 && self.one_in(2) {
                    body.push(self.pick(&[0, 4, 0x80]));
                    body.extend(self.properties(version, &[17, 31, 38]));
                }
                packet(0xE0, &body)
            }
        }
    }

    /// The same packet, broken in one to three places.
    pub(crate) fn broken(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.below(3) {
            if packet.is_empty() {
                return packet;
            }
            let place = self.below(packet.len());
            match self.below(9) {
                0 => packet[place] ^= 1 << self.below(8),
                1 => packet[place] = self.byte(),
                2 => packet.truncate(place),
                3 => packet[0] = self.byte(),
                // The fixed header's length, wrong or huge.
                4 => {
                    packet.truncate(1);
                    packet.extend(self.bytes(40));
                }
                5 => drop(packet.splice(1..packet.len().min(2), [0xFF, 0xFF, 0xFF, 0x7F])),
                // A length within the body.
                6 => {
                    let end = packet.len().min(place + 2);
                    packet[place..end].fill(self.pick(&[0, 0x7F, 0xFF]));
                }
                7 => drop(packet.splice(place..place, self.bytes(9))),
                // Letters of more bytes than one, whole and cut.
                _ => {
                    let letters = self.pick(&["é", "\u{FFFF}", "𝕏", "\0"]).as_bytes();
                    let letters = &letters[..=self.below(letters.len())];
                    packet.splice(place..place, letters.iter().copied());
                }
            }
        }
        packet
    }

    /// Some of these properties; the user's own any number of times.
    fn properties(&mut self, version: u8, ids: &[u8]) -> Vec<u8> {
        let mut these = Vec::new();
        for &id in ids {
            let times = if id == 38 { self.below(3) } else { usize::from(self.one_in(4)) };
            for _ in 0..times {
                these.push(id);
                these.extend(self.property(id));
            }
        }
        properties(version, &these)
    }

    fn property(&mut self, id: u8) -> Vec<u8> {
        match id {
            1 | 23 | 25 => vec![self.pick(&[0, 1])],
            33 | 34 => vec![self.byte(), 1],
            // A maximum packet size that has room for the broker's answers.
            2 | 17 | 24 | 39 => vec![0, self.byte(), 1, self.byte()],
            9 => self.binary(),
            38 => [self.text(), self.text()].concat(),
            _ => self.text(),
        }
    }

    fn text(&mut self) -> Vec<u8> {
        text(self.pick(&["", "a", "fluss", "gäte", "門", "a/b", "long, longer and longest of all"]))
    }

    fn binary(&mut self) -> Vec<u8> {
        let bytes = self.bytes(20);
        [&[0, u8::try_from(bytes.len()).expect("short")], &bytes[..]].concat()
    }
}
