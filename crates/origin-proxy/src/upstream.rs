//! The way to the gateway's address.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use amberglass_domain::navigation::{GatewayOrigin, is_loopback};
use tokio::net::{TcpStream, lookup_host};

/// For name resolution and all addresses together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// A new connection to the gateway.
///
/// # Errors
/// The last address's error, `NotFound` if the name has none, `TimedOut` after ten seconds.
pub(crate) async fn connect(origin: &GatewayOrigin) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, async {
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses(origin).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    })
    .await
    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Names under localhost are the loopback addresses by RFC 6761 6.3 and are never asked of a resolver, which could
/// answer with anything.
async fn addresses(origin: &GatewayOrigin) -> io::Result<Vec<SocketAddr>> {
    let host = origin.host().trim_start_matches('[').trim_end_matches(']');
    let port = origin.port();
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if is_loopback(host) {
        return Ok(vec![
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
        ]);
    }
    Ok(lookup_host((host, port)).await?.take(MAX_ADDRESSES).collect())
}
