# The operator in an image with nothing else in it: no shell, no package manager, no libraries.
#
#   docker build --tag REGISTRY/cachedapi-operator:0.1.0 .        (or buildah bud, or podman build)
#
# `make image` builds the same without Docker and a registry.

FROM docker.io/library/rust:1.95.0-bookworm AS build
WORKDIR /src
COPY hack/image/crates ./
RUN RUSTUP_TOOLCHAIN=1.95.0 cargo install --locked $(cat crates)
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN RUSTUP_TOOLCHAIN=1.95.0 hack/image/stage /image

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
