//! Which certificates https trusts: those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the image's, and Mozilla's only
//! where the image has none.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use crate::Environment;

/// Where distributions keep all certificates in one file, in the order of the crate openssl-probe.
const FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/opt/etc/ssl/certs/ca-certificates.crt",
];
/// Where they keep each in its file.
const DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];
/// A directory of certificates has fewer files than this.
const MAX_FILES: usize = 10_000;

/// The certificates in a file; none if it cannot be read.
fn of_file(path: &Path) -> Vec<CertificateDer<'static>> {
    let found = CertificateDer::pem_file_iter(path);
    found.map(|certificates| certificates.flatten().collect()).unwrap_or_default()
}

/// The certificates in the files of a directory. Links by hash name a file twice, which does no harm.
fn of_directory(path: &Path) -> Vec<CertificateDer<'static>> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let files = entries.take(MAX_FILES).map(|entry| entry.path()).filter(|path| path.is_file());
    files.flat_map(|path| of_file(&path)).collect()
}

/// The trusted certificates; `None` for Mozilla's.
fn found(environment: &Environment) -> Result<Option<Vec<CertificateDer<'static>>>, String> {
    let given = |name: &str| environment(name).filter(|value| !value.is_empty());
    let (file, directories) = (given("SSL_CERT_FILE"), given("SSL_CERT_DIR"));
    if file.is_none() && directories.is_none() {
        let file = FILES.iter().map(|path| of_file(Path::new(path))).find(|found| !found.is_empty());
        let directory =
            || DIRECTORIES.iter().map(|path| of_directory(Path::new(path))).find(|found| !found.is_empty());
        return Ok(file.or_else(directory));
    }
    let listed = |value: &OsStr| std::env::split_paths(value).collect::<Vec<PathBuf>>();
    let mut all = file.as_deref().map(|file| of_file(Path::new(file))).unwrap_or_default();
    for directory in directories.as_deref().map(listed).into_iter().flatten() {
        all.extend(of_directory(&directory));
    }
    if all.is_empty() {
        // Trusting more than was asked for would be wrong.
        return Err("SSL_CERT_FILE and SSL_CERT_DIR name no readable certificate".into());
    }
    Ok(Some(all))
}

/// A configuration that trusts what this machine trusts: read at once where it is needed, and else when a redirect leads to
/// https.
pub(crate) fn configuration(environment: Arc<Environment>, needed: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier { environment, provider: provider.clone(), trusted: OnceLock::new() };
    if needed {
        verifier.trusted()?;
    }
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// What a machine trusts.
#[derive(Debug)]
struct Trusted {
    chains: Arc<WebPkiServerVerifier>,
    /// The image's certificates.
    own: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn read(environment: &Environment, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let own = match found(environment)? {
            Some(certificates) => {
                roots.add_parsable_certificates(certificates.iter().cloned());
                certificates
            }
            None => {
                roots.roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                Vec::new()
            }
        };
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let chains = chains.build().map_err(|error| format!("no trusted certificate is valid: {error}"))?;
        Ok(Self { chains, own })
    }
}

/// Verifies chains of certificates, and accepts a server's own certificate if it is itself trusted, like OpenSSL.
struct Verifier {
    environment: Arc<Environment>,
    provider: Arc<CryptoProvider>,
    trusted: OnceLock<Result<Trusted, String>>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.trusted.fmt(f)
    }
}

impl Verifier {
    fn trusted(&self) -> Result<&Trusted, String> {
        let read = || Trusted::read(self.environment.as_ref(), &self.provider);
        self.trusted.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

/// Whether a certificate was rejected only because it is one of an authority. Validity is checked before, and the chain
/// of a trusted certificate ends with itself.
fn is_authority_only(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            // The name of the error in webpki, which is no dependency of its own.
            inner.to_string() == "CaUsedAsEndEntity"
        }
        _ => false,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trusted = self.trusted().map_err(Error::General)?;
        let verified =
            trusted.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(error) if is_authority_only(&error) && trusted.own.iter().any(|own| own == end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let trusted = self.trusted().map_err(Error::General)?;
        trusted.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let trusted = self.trusted().map_err(Error::General)?;
        trusted.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use model::effects::{Http as _, HttpError, Request};
    use rustls::pki_types::PrivateKeyDer;

    use crate::Fetch;

    use super::*;

    fn testdata(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
    }

    /// A server with this certificate, for one connection.
    fn serve(certificate: &str, key: &str) -> String {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from_pem_file(testdata(key)).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(of_file(&testdata(certificate)), key)
            .expect("its key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut connection = rustls::ServerConnection::new(Arc::new(config)).expect("a configuration");
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let mut reader = BufReader::new(&mut tls);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        });
        format!("https://localhost:{port}/")
    }

    fn ask(
        certificate: &str,
        key: &str,
        variables: &[(&'static str, PathBuf)],
    ) -> Result<Vec<u8>, HttpError> {
        let variables = variables.to_vec();
        let fetch = Fetch::with_environment(move |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, path)| path.clone().into())
        });
        let request = Request::get(serve(certificate, key)).timeout(std::time::Duration::from_secs(20));
        fetch.send(&request).map(|response| response.body)
    }

    fn file(name: &str) -> [(&'static str, PathBuf); 1] {
        [("SSL_CERT_FILE", testdata(name))]
    }

    #[test]
    fn a_trusted_authority_and_a_servers_own_trusted_certificate() {
        for (server, key, trusted) in [
            ("issued.pem", "issued.key.pem", "authority.pem"),
            ("own-leaf.pem", "own.key.pem", "own-leaf.pem"),
            ("own-ca.pem", "own.key.pem", "own-ca.pem"),
        ] {
            let answer = ask(server, key, &file(trusted));
            assert_eq!(answer.unwrap_or_else(|error| panic!("{server}: {error}")), b"hi");
        }
    }

    #[test]
    fn a_redirect_to_https_is_followed_and_verified() {
        for (trusted, accepted) in [("authority.pem", true), ("own-leaf.pem", false)] {
            let target = serve("issued.pem", "issued.key.pem");
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let url = format!("http://{}/", listener.local_addr().expect("bound"));
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut lines = BufReader::new(stream.try_clone().expect("the same socket")).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: ";
                let _ = stream.write_all(format!("{head}{target}\r\n\r\n").as_bytes());
            });
            let fetch = Fetch::with_environment(move |name| {
                (name == "SSL_CERT_FILE").then(|| testdata(trusted).into())
            });
            let answer = fetch.send(&Request::get(url).public().timeout(std::time::Duration::from_secs(20)));
            assert_eq!(answer.is_ok_and(|answer| answer.body == b"hi"), accepted, "{trusted}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (server, trusted, why) in [
            ("own-ca.pem", "authority.pem", "CaUsedAsEndEntity"),
            ("own-leaf.pem", "authority.pem", "UnknownIssuer"),
            // The same key and subject, but another certificate.
            ("own-ca.pem", "own-leaf.pem", "CaUsedAsEndEntity"),
            ("own-elsewhere.pem", "own-elsewhere.pem", "not valid for name"),
            ("own-expired.pem", "own-expired.pem", "expired"),
        ] {
            let error = ask(server, "own.key.pem", &file(trusted)).expect_err(server).to_string();
            assert!(error.contains(why), "{server}: {error}");
        }
    }

    #[test]
    fn the_variables_replace_the_images_store() {
        let directory = [("SSL_CERT_DIR", testdata(""))];
        assert_eq!(ask("issued.pem", "issued.key.pem", &directory).expect("it is there"), b"hi");
        let error = ask("issued.pem", "issued.key.pem", &file("missing.pem")).expect_err("none").to_string();
        assert!(error.contains("SSL_CERT_FILE and SSL_CERT_DIR name no readable certificate"), "{error}");
        let error = ask("issued.pem", "issued.key.pem", &[]).expect_err("the image does not know it");
        assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    }
}
