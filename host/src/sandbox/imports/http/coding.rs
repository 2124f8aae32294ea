//! Encoded bodies of responses, decoded as they are read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::{BodyDataStream, BodyExt as _};
use hyper::body::{Body, Frame};
use tokio::io::AsyncRead;
use tokio_util::io::{StreamReader, poll_read_buf};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::limits;

/// The encodings that servers may send.
const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// The side that decodes the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoding {
    ByHost,
    ByGuest,
}

/// Asks for an encoded response, unless the request says itself what it accepts.
pub(super) fn accept(headers: &mut HeaderMap) -> Decoding {
    if headers.contains_key(header::ACCEPT_ENCODING) {
        return Decoding::ByGuest;
    }
    // A part of an encoded body cannot be decoded.
    let is_part = headers.contains_key(header::RANGE);
    let accepted = if is_part { HeaderValue::from_static("identity") } else { ACCEPTED };
    headers.insert(header::ACCEPT_ENCODING, accepted);
    Decoding::ByHost
}

/// The response with its body decoded, and without the headers that were about the encoded one.
pub(super) fn decoded(response: Response<WasiBody>) -> Response<WasiBody> {
    let (mut head, body) = response.into_parts();
    let Some(coding) = coding_of(&head.headers).filter(|_| !body.is_end_stream()) else {
        return Response::from_parts(head, body);
    };
    head.headers.remove(header::CONTENT_ENCODING);
    head.headers.remove(header::CONTENT_LENGTH);
    let reader = decoder(coding, body);
    let body = Decoded { reader, buffer: BytesMut::new() }.boxed_unsync();
    Response::from_parts(head, body)
}

enum Coding {
    Brotli,
    Deflate,
    Gzip,
    Zstd,
}

fn coding_of(headers: &HeaderMap) -> Option<Coding> {
    let name = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?.trim();
    match name.to_ascii_lowercase().as_str() {
        "br" => Some(Coding::Brotli),
        "deflate" => Some(Coding::Deflate),
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "zstd" => Some(Coding::Zstd),
        _ => None,
    }
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

fn decoder(coding: Coding, body: WasiBody) -> Reader {
    let encoded = StreamReader::new(BodyDataStream::new(body.map_err(io::Error::other)));
    match coding {
        Coding::Brotli => Box::pin(BrotliDecoder::new(encoded)),
        Coding::Deflate => Box::pin(ZlibDecoder::new(encoded)),
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(encoded);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Zstd => Box::pin(ZstdDecoder::new(encoded)),
    }
}

/// Decodes no more than is read: a body that unpacks to a gigabyte never is in memory as a whole.
struct Decoded {
    reader: Reader,
    buffer: BytesMut,
}

impl Body for Decoded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Self { reader, buffer } = &mut *self;
        buffer.reserve(limits::DECODED_CHUNK_BYTES);
        match ready!(poll_read_buf(reader.as_mut(), cx, buffer)) {
            Ok(0) => Poll::Ready(None),
            Ok(_) => Poll::Ready(Some(Ok(Frame::data(buffer.split().freeze())))),
            Err(error) => Poll::Ready(Some(Err(told(error)))),
        }
    }
}

/// The network's error, or the decoder's.
fn told(error: io::Error) -> Error {
    let said = error.to_string();
    match error
        .into_inner()
        .map(<dyn std::error::Error + std::marker::Send + std::marker::Sync + 'static>::downcast::<Error>)
    {
        Some(Ok(error)) => *error,
        _ => Error::HttpResponseContentCoding(Some(said)),
    }
}

#[cfg(test)]
mod tests;
