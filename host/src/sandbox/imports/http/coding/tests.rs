//! Bodies in each encoding, whole and broken.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use http_body_util::Full;
use tokio::io::AsyncWriteExt as _;

use super::*;

const TEXT: &[u8] = b"the same words, the same words, the same words";

fn response(coding: &str, body: impl Body<Data = Bytes, Error = Error> + Send + 'static) -> Response<WasiBody> {
    let response = Response::builder().header("content-encoding", coding).header("content-length", 1);
    response.body(body.boxed_unsync()).expect("a response")
}

fn known(bytes: Vec<u8>) -> impl Body<Data = Bytes, Error = Error> {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {})
}

async fn encoded(coding: &str) -> Vec<u8> {
    macro_rules! by {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(TEXT).await.expect("in memory");
            encoder.shutdown().await.expect("in memory");
            encoder.into_inner()
        }};
    }
    match coding {
        "br" => by!(BrotliEncoder),
        "deflate" => by!(ZlibEncoder),
        "zstd" => by!(ZstdEncoder),
        _ => by!(GzipEncoder),
    }
}

#[tokio::test]
async fn each_coding_is_decoded() {
    for coding in ["br", "deflate", "gzip", "x-gzip", "GZIP", "zstd"] {
        let response = decoded(response(coding, known(encoded(coding).await)));
        assert!(response.headers().is_empty(), "{coding}: {:?}", response.headers());
        let body = response.into_body().collect().await.expect(coding).to_bytes();
        assert_eq!(body, TEXT, "{coding}");
    }
}

#[tokio::test]
async fn what_is_no_known_coding_stays() {
    for coding in ["identity", "rot13", "gzip, br"] {
        let response = decoded(response(coding, known(TEXT.to_vec())));
        assert_eq!(
            (response.headers().len(), &*response.into_body().collect().await.expect("reads").to_bytes()),
            (2, TEXT)
        );
    }
}

#[tokio::test]
async fn an_empty_body_is_none() {
    let response = decoded(response("gzip", known(Vec::new())));
    assert!(response.into_body().collect().await.expect("reads").to_bytes().is_empty());
}

#[tokio::test]
async fn what_is_broken_says_so() {
    let gzip = encoded("gzip").await;
    for broken in [TEXT.to_vec(), gzip[..gzip.len() - 12].to_vec()] {
        let error = decoded(response("gzip", known(broken))).into_body().collect().await.expect_err("broken");
        assert!(matches!(error, Error::HttpResponseContentCoding(Some(_))), "{error}");
    }
}

/// Some bytes, and then the network's error.
struct Cut(Option<Bytes>);

impl Body for Cut {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or(Error::ConnectionReadTimeout)))
    }
}

#[tokio::test]
async fn what_breaks_off_says_so() {
    let start = Bytes::from(encoded("gzip").await).slice(..20);
    let error = decoded(response("gzip", Cut(Some(start)))).into_body().collect().await.expect_err("breaks off");
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
}
