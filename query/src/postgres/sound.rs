//! Whether a message is as the protocol has it, looked over before pgwire reads it.
//!
//! In: a body that is there as a whole. Out: nothing, or what is wrong with it. Guarantee: what passes has all that pgwire's
//! readers take without asking. They panic where bytes are missing, take room for a count that nothing follows, read other
//! letters where a text is not UTF-8, and mind neither a missing end nor what comes after it.

use pgwire::messages::data::{FORMAT_CODE_BINARY, FORMAT_CODE_TEXT};
use pgwire::messages::extendedquery::{TARGET_TYPE_BYTE_PORTAL, TARGET_TYPE_BYTE_STATEMENT};

/// What is wrong.
type Wrong = &'static str;

/// Looks over a message of a client that speaks to a server already.
pub(super) fn message(kind: u8, body: &[u8]) -> Result<(), Wrong> {
    let mut rest = Rest(body);
    match kind {
        b'Q' => rest.text()?,
        b'P' => {
            rest.text()?;
            rest.text()?;
            rest.list(Rest::number)?;
        }
        b'B' => {
            rest.text()?;
            rest.text()?;
            rest.list(Rest::format)?;
            rest.list(Rest::value)?;
            rest.list(Rest::format)?;
        }
        b'C' | b'D' => {
            rest.target()?;
            rest.text()?;
        }
        b'E' => {
            rest.text()?;
            rest.number()?;
        }
        b'H' | b'S' | b'X' => {}
        // A call of a function or data of a copy, which nobody reads; a password, which is looked over once it is known of
        // what sort it is.
        _ => return Ok(()),
    }
    rest.end()
}

/// Looks over the first that is said by SASL: the mechanism, and a value.
pub(super) fn sasl(body: &[u8]) -> Result<(), Wrong> {
    let mut rest = Rest(body);
    rest.text()?;
    rest.value()?;
    rest.end()
}

/// Looks over what a connection begins with: names and their values, and the end.
pub(super) fn options(body: &[u8]) -> Result<(), Wrong> {
    let mut rest = Rest(body);
    while rest.0 != [0_u8] {
        if rest.0.first() == Some(&0) {
            return Err("an option has no name");
        }
        rest.text()?;
        rest.text()?;
    }
    Ok(())
}

/// What is left of a body.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn text(&mut self) -> Result<(), Wrong> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or("a text has no end")?;
        std::str::from_utf8(&self.0[..end]).map_err(|_| "a text is not UTF-8")?;
        self.0 = &self.0[end + 1..];
        Ok(())
    }

    fn number(&mut self) -> Result<(), Wrong> {
        self.take::<4>().map(|_| ())
    }

    fn format(&mut self) -> Result<(), Wrong> {
        match i16::from_be_bytes(self.take()?) {
            FORMAT_CODE_TEXT | FORMAT_CODE_BINARY => Ok(()),
            _ => Err("a format is neither text (0) nor binary (1)"),
        }
    }

    /// A length, -1 for null, and as many bytes.
    fn value(&mut self) -> Result<(), Wrong> {
        let length = i32::from_be_bytes(self.take()?);
        if length != -1 {
            let rest = self.0;
            let after = usize::try_from(length).ok().and_then(|length| rest.get(length..));
            self.0 = after.ok_or("a value is longer than the message")?;
        }
        Ok(())
    }

    /// Entries behind their count, which may be as high as two bytes can say.
    fn list(&mut self, entry: fn(&mut Self) -> Result<(), Wrong>) -> Result<(), Wrong> {
        let count = u16::from_be_bytes(self.take()?);
        (0..count).try_for_each(|_| entry(self))
    }

    fn target(&mut self) -> Result<(), Wrong> {
        match self.take::<1>()? {
            [TARGET_TYPE_BYTE_STATEMENT | TARGET_TYPE_BYTE_PORTAL] => Ok(()),
            _ => Err("it names neither a statement (S) nor a portal (P)"),
        }
    }

    fn end(&self) -> Result<(), Wrong> {
        if self.0.is_empty() { Ok(()) } else { Err("it goes on after its end") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_too_early_or_too_late_is_wrong() {
        type Check = fn(&[u8]) -> Result<(), Wrong>;
        let checks: [(&[u8], Check); 8] = [
            (b"select 1\0", |body| message(b'Q', body)),
            (b"a\0select $1\0\0\x01\0\0\0\x17", |body| message(b'P', body)),
            (b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x01\x07\xff\xff\xff\xff\0\x01\0\0", |body| message(b'B', body)),
            (b"Sx\0", |body| message(b'D', body)),
            (b"Px\0", |body| message(b'C', body)),
            (b"x\0\0\0\0\x05", |body| message(b'E', body)),
            (b"SCRAM-SHA-256\0\0\0\0\x02n,", sasl),
            (b"user\0an\0options\0\0\0", options),
        ];
        for (body, check) in checks {
            assert_eq!(check(body), Ok(()), "{body:?}");
            for end in 0..body.len() {
                assert!(check(&body[..end]).is_err(), "{:?}", &body[..end]);
            }
            assert!(check(&[body, &[0]].concat()).is_err(), "{body:?} and more");
        }
    }

    #[test]
    fn what_pgwire_would_read_as_something_else_is_wrong() {
        for (kind, body) in [
            (b'Q', b"\xff\xfe\0".as_slice()),
            (b'D', b"Zx\0"),
            (b'S', b"more"),
            // Two is no format, -2 no length, and nothing follows the highest count.
            (b'B', b"\0\0\0\x01\0\x02\0\0\0\0"),
            (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
            (b'B', b"\0\0\0\0\xff\xff"),
            (b'P', b"\0\0\xff\xff"),
        ] {
            assert!(message(kind, body).is_err(), "{} {body:?}", char::from(kind));
        }
        assert!(options(b"\0\0\0").is_err());
        assert!(sasl(b"x\0\x7f\xff\xff\xff").is_err());
    }
}
