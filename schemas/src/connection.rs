//! How the Kafka clients of all roles reach the brokers beside their address: protocol, credentials, certificates; and
//! what they say where that does not fit.
//!
//! In: names and values as librdkafka has them. Out: the same, for each client. Guarantee: only what concerns the
//! connection is taken, so that no setting undoes what the roles promise (acknowledgement, order, offsets); no value is
//! ever shown, as some are secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a client says that the brokers refuse, or that does not trust them.
pub const REFUSED: &str = "kafka refuses this client or is not trusted: see [kafka] in the settings";

/// How often a client says that it is refused.
const COMPLAIN_EVERY: Duration = Duration::from_secs(30);

/// Properties of the connection to Kafka.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectionProperties(BTreeMap<&'static str, String>);

/// A property that the connection has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is no property of the connection to Kafka; those are {}", ConnectionProperties::NAMES.join(", "))]
pub struct NotOfTheConnection {
    /// Its name.
    pub name: String,
}

impl ConnectionProperties {
    /// What can be set, by librdkafka's names. Kerberos and OAuth are not among them: the client is built without.
    pub const NAMES: &'static [&'static str] = &[
        "security.protocol",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.ca.pem",
        "ssl.certificate.location",
        "ssl.certificate.pem",
        "ssl.key.location",
        "ssl.key.pem",
        "ssl.key.password",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.crl.location",
        "ssl.cipher.suites",
        "ssl.curves.list",
        "ssl.sigalgs.list",
        "ssl.endpoint.identification.algorithm",
        "enable.ssl.certificate.verification",
        "broker.address.family",
        "broker.address.ttl",
        "client.dns.lookup",
        "client.rack",
        "connections.max.idle.ms",
        "socket.connection.setup.timeout.ms",
        "socket.keepalive.enable",
        "socket.receive.buffer.bytes",
        "socket.send.buffer.bytes",
        "socket.timeout.ms",
    ];

    /// Sets a property.
    ///
    /// # Errors
    /// [`NotOfTheConnection`] for a name that is not in [`Self::NAMES`].
    pub fn set(&mut self, name: &str, value: String) -> Result<(), NotOfTheConnection> {
        let known = Self::NAMES.iter().copied().find(|known| *known == name);
        let known = known.ok_or_else(|| NotOfTheConnection { name: name.to_owned() })?;
        self.0.insert(known, value);
        Ok(())
    }

    /// A property's value, where it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Debug for ConnectionProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// When a client last said that it is refused, which it meets anew each time that it tries again.
#[derive(Debug, Default)]
pub struct Complaints(Mutex<Option<Instant>>);

impl Complaints {
    /// Whether it is time to complain; if so, the next time begins `now`.
    pub fn due(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.saturating_duration_since(last) >= COMPLAIN_EVERY);
        if due {
            *last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_at_once_and_then_from_time_to_time() {
        let (complaints, begun) = (Complaints::default(), Instant::now());
        let due = [0, 1, 29, 30, 31, 59, 90].map(|after| complaints.due(begun + Duration::from_secs(after)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn what_the_roles_promise_cannot_be_undone() {
        let mut properties = ConnectionProperties::default();
        for name in ["acks", "enable.idempotence", "group.id", "auto.offset.reset", "bootstrap.servers", "sasl.pasword"]
        {
            let refused = properties.set(name, "geheim".to_owned()).unwrap_err().to_string();
            assert!(refused.starts_with(name) && !refused.contains("geheim"), "{refused}");
        }
        assert_eq!(properties, ConnectionProperties::default());
    }

    #[test]
    fn values_are_not_shown() {
        let mut properties = ConnectionProperties::default();
        properties.set("sasl.password", "geheim".to_owned()).unwrap();
        assert_eq!(properties.get("sasl.password"), Some("geheim"));
        assert_eq!(properties.pairs().collect::<Vec<_>>(), [("sasl.password", "geheim")]);
        assert_eq!(format!("{properties:?}"), r#"{"sasl.password"}"#);
    }
}
