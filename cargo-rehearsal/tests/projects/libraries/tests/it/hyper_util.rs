use std::convert::Infallible;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;

async fn echo(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    tokio::task::yield_now().await;
    Ok(Response::new(request.uri().path().to_owned()))
}

/// Serves two connections, each with a task of its own.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = TowerToHyperService::new(tower::service_fn(echo));
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let clients = [1, 2].map(|number| {
        tokio::spawn(async move {
            let stream = TokioIo::new(super::connect(address).await);
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            let path = format!("/{number}");
            let request = Request::get(&path).header("host", "a");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            let body = response.into_body().collect().await.unwrap();
            assert_eq!(body.to_bytes(), path);
        })
    });
    for client in clients {
        client.await.unwrap();
    }
}
