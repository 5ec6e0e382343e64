//! Revocation lists: which certificates nobody may believe, though their time is not over.

use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::{Authority, Result, since_1970};

/// A certificate that was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: i64,
}

impl Authority {
    /// Lists what is revoked, as PEM; a new list is due by `next_update`.
    ///
    /// A later list has a greater number. Certificates of another CA may stand in it too: no two
    /// have the same serial number.
    pub fn crl(&self, revoked: &[Revoked], now: i64, next_update: i64) -> Result<String> {
        let moment = |millis| date_time_ymd(1970, 1, 1) + since_1970(millis);
        let list = CertificateRevocationListParams {
            this_update: moment(now),
            next_update: moment(next_update),
            crl_number: SerialNumber::from(now.max(1).unsigned_abs()),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|revoked| RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&revoked.serial),
                    revocation_time: moment(revoked.at),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}
