# r8scan and nothing else: it reads repositories on its own, so the image has no
# git, no shell and no system. Mount what is to be scanned:
#
#   docker build -t r8scan .
#   docker run --rm --network none -v "$PWD:/src:ro" r8scan audit
FROM golang:1.26 AS build
WORKDIR /build
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
RUN go build -trimpath -ldflags=-s -o /r8scan ./cmd/r8scan

FROM scratch
# For --verify, the one thing that needs the network.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /r8scan /usr/bin/r8scan
ENV PATH=/usr/bin
WORKDIR /src
USER 65534:65534
ENTRYPOINT ["r8scan"]
