// Programs of the parity suite: sockets.

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

pub(crate) async fn tcp_echo() -> Log {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut bytes = 0;
        for _ in 0..2 {
            let (mut stream, peer) = listener.accept().await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), peer);
            let mut buffer = [0; 1000];
            loop {
                let count = stream.read(&mut buffer).await.unwrap();
                if count == 0 {
                    break;
                }
                bytes += count;
                stream.write_all(&buffer[..count]).await.unwrap();
            }
        }
        bytes
    });
    let sent: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
    let mut equal = Vec::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let copy = sent.clone();
        let writer = tokio::spawn(async move {
            write.write_all(&copy).await.unwrap();
        });
        let mut received = Vec::new();
        read.read_to_end(&mut received).await.unwrap();
        writer.await.unwrap();
        equal.push(received == sent);
    }
    log![equal, server.await.unwrap()]
}

pub(crate) async fn tcp_half_close() -> Log {
    let (mut client, mut server) = pair().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let again = client.write(b"more").await.map_err(|error| error.kind());
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    log![question, again, answer]
}

pub(crate) async fn tcp_split_and_reunite() -> Log {
    let (mut client, server) = pair().await;
    let (other, _keep) = pair().await;
    let (read, write) = server.into_split();
    let (foreign, mine) = other.into_split();
    let error = read.reunite(mine).unwrap_err();
    let text = error.to_string();
    let (read, mine) = (error.0, error.1);
    let same = read.local_addr().unwrap() == write.local_addr().unwrap();
    let foreign = foreign.reunite(mine).is_ok();
    let mut server = write.reunite(read).unwrap();
    {
        let (mut reader, mut writer) = client.split();
        writer.write_all(b"there").await.unwrap();
        let mut buffer = [0; 5];
        let (done, echoed) = tokio::join!(reader.read_exact(&mut buffer), async {
            let mut buffer = [0; 5];
            server.read_exact(&mut buffer).await.unwrap();
            server.write_all(b"again").await
        });
        assert!(done.is_ok() && echoed.is_ok());
        assert_eq!(&buffer, b"again");
    }
    // A forgotten write half leaves its direction open; a dropped one ends it.
    let (read, write) = client.into_split();
    write.forget();
    let mut byte = [0; 1];
    let open = timeout(MS * 50, server.read(&mut byte)).await.is_err();
    drop(read);
    let closed = server.read(&mut byte).await.map_err(|error| error.kind());
    log![text, same, foreign, open, closed]
}

pub(crate) async fn tcp_peek_and_try() -> Log {
    let (client, mut server) = pair().await;
    let mut buffer = [0; 8];
    let nothing = server.try_read(&mut buffer).map_err(|error| error.kind());
    client.writable().await.unwrap();
    let written = client.try_write(b"abc").unwrap();
    server.readable().await.unwrap();
    let peeked = server.peek(&mut buffer).await.unwrap();
    let read = server.try_read(&mut buffer[..2]).unwrap();
    let rest = server.read(&mut buffer[2..]).await.unwrap();
    client.set_nodelay(true).unwrap();
    client.set_ttl(9).unwrap();
    let options = (client.nodelay().unwrap(), client.ttl().unwrap());
    drop(client);
    let end = server.read(&mut [0; 4]).await.unwrap();
    log![
        nothing,
        written,
        peeked,
        read,
        rest,
        &buffer[..3],
        options,
        end
    ]
}

pub(crate) async fn tcp_refused() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = TcpStream::connect(address)
        .await
        .map(|_| ())
        .map_err(|error| error.kind());
    let none: &[SocketAddr] = &[];
    let nowhere = TcpStream::connect(none)
        .await
        .map(|_| ())
        .map_err(|error| error.kind());
    let text = TcpStream::connect("no port")
        .await
        .map(|_| ())
        .map_err(|error| error.kind());
    // The second address answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let both: &[SocketAddr] = &[address, listener.local_addr().unwrap()];
    let second = TcpStream::connect(both).await.is_ok();
    log![refused, nowhere, text, second]
}

pub(crate) async fn tcp_address_in_use() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = TcpListener::bind(address)
        .await
        .map(|_| ())
        .map_err(|error| error.kind());
    let foreign = TcpListener::bind("203.0.113.7:0")
        .await
        .map(|_| ())
        .map_err(|e| e.kind());
    drop(listener);
    let free = TcpListener::bind(address).await.is_ok();
    log![taken, foreign, free, address.ip()]
}

pub(crate) async fn tcp_listener_by_hand() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(
        TcpStream::connect(address),
        std::future::poll_fn(|cx| listener.poll_accept(cx))
    );
    let (mut client, (mut server, _)) = (client.unwrap(), server.unwrap());
    client.write_all(b"x").await.unwrap();
    listener.set_ttl(5).unwrap();
    log![server.read_u8().await.unwrap(), listener.ttl().unwrap()]
}

pub(crate) async fn udp_sends_and_receives() -> Log {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let two = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let sent = one
        .send_to(b"hello", two.local_addr().unwrap())
        .await
        .unwrap();
    let mut buffer = [0; 3];
    let peeked = two.peek_from(&mut buffer).await.unwrap().0;
    let (count, from) = two.recv_from(&mut buffer).await.unwrap();
    let known = from == one.local_addr().unwrap();
    let nothing = two.try_recv_from(&mut buffer).map_err(|error| error.kind());
    let unconnected = one.send(b"x").await.is_err();
    let long = one.send_to(&[0; 70_000], from).await.is_err();
    one.set_broadcast(true).unwrap();
    one.set_ttl(3).unwrap();
    let options = (one.broadcast().unwrap(), one.ttl().unwrap());
    log![
        sent,
        peeked,
        count,
        buffer,
        known,
        nothing,
        unconnected,
        long,
        options
    ]
}

pub(crate) async fn udp_connected() -> Log {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let before = client.peer_addr().is_err();
    client.connect(server.local_addr().unwrap()).await.unwrap();
    let peer = client.peer_addr().unwrap() == server.local_addr().unwrap();
    other
        .send_to(b"not heard", client.local_addr().unwrap())
        .await
        .unwrap();
    client.send(b"ping").await.unwrap();
    let mut buffer = [0; 16];
    let (count, from) = server.recv_from(&mut buffer).await.unwrap();
    server.try_send_to(&buffer[..count], from).unwrap();
    let echoed = client.recv(&mut buffer).await.unwrap();
    let more = client.try_recv(&mut buffer).map_err(|error| error.kind());
    log![before, peer, echoed, &buffer[..4], more]
}

pub(crate) async fn names_resolve() -> Log {
    let mut found = Vec::new();
    for name in ["127.0.0.1:80", "[::1]:81"] {
        found.extend(tokio::net::lookup_host(name).await.unwrap());
    }
    found.extend(tokio::net::lookup_host(("127.0.0.1", 82)).await.unwrap());
    found.extend(
        tokio::net::lookup_host("127.0.0.1:83".to_owned())
            .await
            .unwrap(),
    );
    let local = tokio::net::lookup_host("localhost:84")
        .await
        .unwrap()
        .any(|address| address == SocketAddr::from(([127, 0, 0, 1], 84)));
    let wrong = tokio::net::lookup_host("127.0.0.1:port")
        .await
        .map(|_| ())
        .map_err(|e| e.kind());
    log![found, local, wrong]
}
