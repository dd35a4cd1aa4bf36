//! Sockets without the buffers of HTTP: the connection of a request that wants to become a socket is taken over from `actix-http`,
//! which would keep 16 KiB for it as long as it is open.

use actix_codec::{Encoder, Framed};
use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode};
use actix_rt::net::TcpStream;
use actix_service::{IntoService, ServiceFactory};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use socket2::SockRef;
use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Bytes that are read at once.
const READ_BYTES: usize = 8 * 1024;
/// Bytes that wait to be written before the session is asked for more; then nobody polls it until they are gone.
const WRITE_BYTES: usize = 32 * 1024;
/// For how long a peer may take to see that it is over.
const LINGER: Duration = Duration::from_secs(1);

/// A service that takes connections over, and answers as the application does.
pub async fn by<F, S, B>(
    application: F,
) -> std::result::Result<
    impl Service<(Request, Framed<TcpStream, Codec>), Response = (), Error = actix_web::Error>,
    F::InitError,
>
where
    F: ServiceFactory<Request, Config = (), Service = S>,
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    let application = Rc::new(application.new_service(()).await?);
    let take = move |(request, framed)| carry(Rc::clone(&application), request, framed);
    Ok(take.into_service())
}

/// Answers a request as the application does, on a connection that is its own from then on.
async fn carry<S, B>(
    application: Rc<S>,
    mut request: Request,
    framed: Framed<TcpStream, Codec>,
) -> std::result::Result<(), actix_web::Error>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    let parts = framed.into_parts();
    let socket = Rc::new(parts.io);
    let incoming = Incoming {
        early: Bytes::copy_from_slice(&parts.read_buf),
        socket: Rc::clone(&socket),
    };
    *request.payload() = match declared_body(&request) {
        Expected::Frames => Payload::Stream {
            payload: Box::pin(incoming),
        },
        Expected::Bytes(0) => Payload::None,
        Expected::Bytes(left) => Payload::Stream {
            payload: Box::pin(Declared { incoming, left }),
        },
    };
    drop((parts.read_buf, parts.write_buf));
    let response = match application.call(request).await {
        Ok(response) => Response::from(response).map_into_boxed_body(),
        Err(error) => Response::from(error),
    };
    drop(application);
    if let Err(error) = write(&socket, parts.codec, response).await {
        log::debug!(event = "connection_lost"; "{error}");
        return Ok(());
    }
    linger(&socket).await;
    Ok(())
}

/// What follows a request's head.
enum Expected {
    /// The frames of a socket, for as long as it is open.
    Frames,
    /// A body of so many bytes.
    Bytes(u64),
}

/// Only a GET becomes a socket. Whatever else names the protocol has the body that it declares (RFC 9110, 7.8), or none.
fn declared_body(request: &Request) -> Expected {
    if request.method() == Method::GET {
        return Expected::Frames;
    }
    let length = request.head().headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    Expected::Bytes(length.unwrap_or(0))
}

/// The body that a request declares, and nothing that follows it.
struct Declared {
    incoming: Incoming,
    left: u64,
}

impl Stream for Declared {
    type Item = std::result::Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let next = ready!(Pin::new(&mut self.incoming).poll_next(context));
        Poll::Ready(Some(match next {
            Some(Ok(mut bytes)) => {
                let wanted = usize::try_from(self.left).unwrap_or(usize::MAX);
                bytes.truncate(wanted);
                self.left -= bytes.len() as u64;
                Ok(bytes)
            }
            Some(Err(error)) => Err(error),
            None => Err(PayloadError::Incomplete(None)),
        }))
    }
}

/// What the peer sends, read when it is asked for, into memory that is kept only while there is something in it.
struct Incoming {
    /// What came together with the request.
    early: Bytes,
    socket: Rc<TcpStream>,
}

impl Stream for Incoming {
    type Item = std::result::Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.early.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.early))));
        }
        loop {
            ready!(self.socket.poll_read_ready(context))?;
            let mut bytes = BytesMut::with_capacity(READ_BYTES);
            match self.socket.try_read_buf(&mut bytes) {
                Ok(0) => return Poll::Ready(None),
                Ok(_) => return Poll::Ready(Some(Ok(bytes.freeze()))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}

/// Writes a response until its body ends. While the peer does not read, the body is not polled.
async fn write(socket: &TcpStream, mut codec: Codec, response: Response<BoxBody>) -> Result<()> {
    let (mut head, body) = response.into_parts();
    if head.status() != StatusCode::SWITCHING_PROTOCOLS {
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    let mut body = Some(Box::pin(body));
    let size = body
        .as_ref()
        .map_or(actix_http::body::BodySize::None, |body| body.size());
    let mut waiting = BytesMut::new();
    codec.encode(Message::Item((head, size)), &mut waiting)?;
    poll_fn(|context| {
        loop {
            ready!(poll_flush(socket, &mut waiting, context))?;
            let Some(open) = body.as_mut() else {
                return Poll::Ready(Ok(()));
            };
            match fill(open.as_mut(), &mut codec, &mut waiting, context)? {
                Filled::Ended => body = None,
                Filled::Waits if waiting.is_empty() => return Poll::Pending,
                Filled::Waits => {}
            }
        }
    })
    .await
}

/// Writes everything that waits, and lets its memory go.
fn poll_flush(
    socket: &TcpStream,
    waiting: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<Result<()>> {
    while !waiting.is_empty() {
        match socket.try_write(waiting) {
            Ok(count) => waiting.advance(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ready!(socket.poll_write_ready(context))?;
            }
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    *waiting = BytesMut::new();
    Poll::Ready(Ok(()))
}

enum Filled {
    /// The body has no more for now, or there is enough to write.
    Waits,
    Ended,
}

/// Takes from the body what it has.
fn fill(
    mut body: Pin<&mut BoxBody>,
    codec: &mut Codec,
    waiting: &mut BytesMut,
    context: &mut Context<'_>,
) -> Result<Filled> {
    while waiting.len() < WRITE_BYTES {
        match body.as_mut().poll_next(context) {
            Poll::Pending => return Ok(Filled::Waits),
            Poll::Ready(Some(Ok(bytes))) => codec.encode(Message::Chunk(Some(bytes)), waiting)?,
            Poll::Ready(Some(Err(error))) => return Err(Error::other(error.to_string())),
            Poll::Ready(None) => {
                codec.encode(Message::Chunk(None), waiting)?;
                return Ok(Filled::Ended);
            }
        }
    }
    Ok(Filled::Waits)
}

/// Ends writing, then reads until the peer has closed its side. Closing a socket with unread bytes would send a reset, and the peer would
/// lose the last bytes that were written.
pub(in crate::edge) async fn linger(socket: &TcpStream) {
    if SockRef::from(socket).shutdown(Shutdown::Write).is_err() {
        return;
    }
    let ends = async {
        let mut waste = Vec::with_capacity(READ_BYTES);
        while socket.readable().await.is_ok() {
            waste.clear();
            match socket.try_read_buf(&mut waste) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    };
    let _over = tokio::time::timeout(LINGER, ends).await;
}
