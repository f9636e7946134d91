# Builds boxup, and an image that holds it and the certificates of the usual authorities.
# docker build -t boxup . ; see docs/container.md

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --bin boxup \
    && install -D -m 755 target/dist/boxup /out/usr/bin/boxup \
    && install -d -m 700 -o 10001 -g 10001 /out/var/lib/boxup

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /
USER 10001:10001
ENV BOXUP_CONFIG=/etc/boxup/sync.toml STATE_DIRECTORY=/var/lib/boxup
VOLUME /var/lib/boxup
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=1m --timeout=10s --start-period=30s \
    CMD ["boxup", "status"]
ENTRYPOINT ["boxup"]
CMD ["sync"]
