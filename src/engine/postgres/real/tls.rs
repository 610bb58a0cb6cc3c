//! Encrypted connections.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, Authorities, Trust, unusable};
use crate::engine::EngineError;
use crate::model::printable;

/// What makes connections to an address private.
pub(super) fn connector(address: &Address) -> Result<MakeRustlsConnect, EngineError> {
    let provider = Arc::new(ring::default_provider());
    let failed = |error: &dyn std::error::Error| unusable(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let roots = match (&address.authorities, address.trust) {
        (Some(authorities), Trust::Signed | Trust::Named) => Some(Arc::new(roots(authorities)?)),
        _ => None,
    };
    let mut config = match (roots, address.trust) {
        (Some(roots), Trust::Named) => builder.with_root_certificates(roots).with_no_client_auth(),
        (roots, _) => {
            let signed = roots
                .map(|roots| {
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                        .build()
                })
                .transpose()
                .map_err(|error| failed(&error))?;
            let lenient = Arc::new(Lenient { signed, provider });
            builder.dangerous().with_custom_certificate_verifier(lenient).with_no_client_auth()
        }
    };
    // What a server asks for where TLS begins at once.
    if address.config.get_ssl_negotiation() == postgres::config::SslNegotiation::Direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, EngineError> {
    let mut roots = RootCertStore::empty();
    let name = match authorities {
        Authorities::System => {
            // Some that cannot be read do not spoil the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            "this machine".to_owned()
        }
        Authorities::File(path) => {
            let name = path.display().to_string();
            let bad = |what: &dyn std::fmt::Display| {
                unusable(format!("sslrootcert {} is not usable: {what}", printable(&name)))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
                let certificate = certificate.map_err(|error| bad(&error))?;
                roots.add(certificate).map_err(|error| bad(&error))?;
            }
            name
        }
    };
    if roots.is_empty() {
        let name = printable(&name);
        return Err(unusable(format!("sslrootcert: {name} holds no certificate")));
    }
    Ok(roots)
}

/// Takes a certificate for another name (`verify-ca`), or, without authorities, every one
/// (`require`, `prefer`).
#[derive(Debug)]
struct Lenient {
    signed: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(signed) = &self.signed else { return Ok(ServerCertVerified::assertion()) };
        let seen =
            signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match seen {
            // The name is looked at last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
