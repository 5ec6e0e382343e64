//! The codec as a fuzzer sees it; nothing else is to use it.

use bytes::BytesMut;

use crate::cause::Cause;
use crate::codec::{self, Version};

/// Reads a stream that begins with a CONNECT; tells whether there was one.
pub fn read_connect(stream: &[u8]) -> Result<bool, Cause> {
    let Some(connect) = codec::cut_connect(&mut BytesMut::from(stream))? else { return Ok(false) };
    let version = codec::version_of(&connect).map_err(|(cause, _)| cause)?;
    version.read_connect(connect).map(|_| true)
}

/// Reads the stream of a connected client, as it comes in pieces; tells how many packets it had.
pub fn read_packets<'s>(
    is_mqtt_5: bool,
    pieces: impl IntoIterator<Item = &'s [u8]>,
) -> Result<usize, Cause> {
    let version = if is_mqtt_5 { Version::V5 } else { Version::V4 };
    let (mut stream, mut count) = (BytesMut::new(), 0);
    for piece in pieces {
        stream.extend_from_slice(piece);
        while let Some(packet) = codec::cut_packet(&mut stream)? {
            version.read(packet)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Does what one input of a fuzzer says: its first byte chooses what the rest is read as.
///
/// # Panics
/// When the pieces in which a stream comes make a difference.
pub fn feed(input: &[u8]) {
    let Some((how, stream)) = input.split_first() else { return };
    if how % 3 == 0 {
        let _ = read_connect(stream);
        return;
    }
    let is_mqtt_5 = how % 3 == 2;
    let whole = read_packets(is_mqtt_5, [stream]);
    let pieces = stream.chunks(1 + usize::from(how / 3));
    assert_eq!(read_packets(is_mqtt_5, pieces), whole);
}
