# The operator in an image with nothing else in it: no shell, no package manager, no libraries.
#
#   docker build --tag REGISTRY/cachedapi-operator:0.1.0 .        (or buildah bud, or podman build)

FROM docker.io/library/rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
# A static binary. The target is named so that build scripts and macros, which run here, are built without that.
RUN target="$(uname -m)-unknown-linux-gnu" \
 && RUSTUP_TOOLCHAIN=1.95.0 RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --locked --release --bin cachedapi-operator --target "$target" \
 && install -D "target/$target/release/cachedapi-operator" /image/cachedapi-operator \
 && install -D --mode=644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

# hack/src/image.rs builds this stage with a folder in place of the one above.
FROM scratch
COPY --from=build /image/ /
USER 65532:65532
# /metrics; /healthz and /readyz
EXPOSE 8080 8081
ENTRYPOINT ["/cachedapi-operator"]
LABEL org.opencontainers.image.title="cachedapi-operator" \
      org.opencontainers.image.description="Kubernetes operator: one object for an API Gateway API, its ElastiCache cache and the credential between them" \
      org.opencontainers.image.licenses="Apache-2.0"
