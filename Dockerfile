# The web app, the program, and then nothing but the program: no shell, no
# package manager, no root.
FROM node:22-bookworm-slim AS web
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/frontend/build frontend/build
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /timebank ./cmd/timebank && mkdir /empty

FROM scratch
COPY --from=program /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=program /timebank /timebank
COPY --from=program --chown=65532:65532 /empty /tmp
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s CMD ["/timebank", "health"]
ENTRYPOINT ["/timebank"]
CMD ["serve"]
