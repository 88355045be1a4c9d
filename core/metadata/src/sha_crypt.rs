//! Password hashes of crypt(5), method `$6$`.
//!
//! Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512".

use sha2::{Digest, Sha512};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ROUNDS: usize = 5000;
const SIZE: usize = 64;

/// The hash of a password with a salt made of 16 random bytes.
pub fn sha512(password: &str, random: &[u8; 16]) -> String {
    let salt: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 0x3f)])).collect();
    with_salt(password, &salt)
}

/// `length` bytes of a hash, repeated.
fn repeated(hash: &[u8], length: usize) -> Vec<u8> {
    hash.iter().copied().cycle().take(length).collect()
}

fn with_salt(password: &str, salt: &str) -> String {
    let (key, salt_bytes) = (password.as_bytes(), salt.as_bytes());
    let other = Sha512::new().chain_update(key).chain_update(salt_bytes).chain_update(key).finalize();
    let mut first = Sha512::new().chain_update(key).chain_update(salt_bytes);
    first.update(repeated(&other, key.len()));
    let mut bits = key.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(other);
        } else {
            first.update(key);
        }
        bits >>= 1;
    }
    let mut hash = first.finalize();
    let of_keys = (0..key.len()).fold(Sha512::new(), |all, _| all.chain_update(key)).finalize();
    let keys = repeated(&of_keys, key.len());
    let times = 16 + usize::from(hash[0]);
    let of_salts = (0..times).fold(Sha512::new(), |all, _| all.chain_update(salt_bytes)).finalize();
    let salts = repeated(&of_salts, salt_bytes.len());
    for round in 0..ROUNDS {
        let mut next = Sha512::new();
        if round % 2 == 1 {
            next.update(&keys);
        } else {
            next.update(hash);
        }
        if round % 3 != 0 {
            next.update(&salts);
        }
        if round % 7 != 0 {
            next.update(&keys);
        }
        if round % 2 == 1 {
            next.update(hash);
        } else {
            next.update(&keys);
        }
        hash = next.finalize();
    }
    format!("$6${salt}${}", encoded(&hash))
}

/// Groups of three bytes, whose order rotates, in four letters each.
fn encoded(hash: &[u8]) -> String {
    let mut out = String::new();
    let mut group = |bytes: [usize; 3], letters: usize| {
        let mut value =
            bytes.iter().fold(0_u32, |value, at| value << 8 | hash.get(*at).copied().map_or(0, u32::from));
        for _ in 0..letters {
            out.push(char::from(ALPHABET[(value & 0x3f) as usize]));
            value >>= 6;
        }
    };
    for step in 0..21 {
        let columns = [step, step + 21, step + 42];
        let turned = match step % 3 {
            0 => columns,
            1 => [columns[1], columns[2], columns[0]],
            _ => [columns[2], columns[0], columns[1]],
        };
        group(turned, 4);
    }
    // The last byte has no partners: positions beyond the hash count as zero.
    group([SIZE, SIZE, SIZE - 1], 2);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_specification() {
        // `openssl passwd -6 -salt SALT PASSWORD`; the first is the specification's too.
        assert_eq!(
            with_salt("Hello world!", "saltstring"),
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        );
        let long = "a longer password, of more than sixty-four bytes, so that it wraps around";
        assert_eq!(
            with_salt(long, "abcdefghijklmnop"),
            "$6$abcdefghijklmnop$bFRO4taLyN7h0Eo4jPZZhJt/IBpjQQZsN7ibu6I1IlFkBjNGJywa.f.oRNMeW6hVHfXONI63KFkNtNb3gN82Z0"
        );
        assert!(sha512("p", &[255; 16]).starts_with("$6$zzzzzzzzzzzzzzzz$"));
    }
}
