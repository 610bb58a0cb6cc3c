# The gate with the PostgreSQL servers, for CI systems that run containers:
#
#   docker run --rm --network none -v "$PWD:/work:ro" migration-gate check --head HEAD
#
# Both bases are pinned by the digests of their indexes.
FROM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
WORKDIR /source
COPY . .
# zlib is linked in, whatever the machine has.
RUN LIBZ_SYS_STATIC=1 cargo build --release --locked \
    && mv target/release/migration-gate /migration-gate

FROM debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
# No cluster is made: the gate starts a server of its own for each run.
# hadolint ignore=DL3008
RUN mkdir -p /etc/postgresql-common \
    && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install -y --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home gate \
    # The mounted repository belongs to whoever checked it out. Nothing of it is run: the gate
    # reads it and starts no hook.
    && printf '[safe]\n\tdirectory = *\n' >/etc/gitconfig
COPY --from=build /migration-gate /usr/local/bin/migration-gate
USER 10001
WORKDIR /work
ENTRYPOINT ["migration-gate"]
CMD ["check"]
