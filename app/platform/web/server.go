package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

type echoServer = echo.Echo

// Options of New.
type Options struct {
	Version string
	Log     *slog.Logger
	Gate    Gate
	Site    fs.FS                       // the built web app
	Face    FaceOf                      // whose the pages are; nil: nobody's
	Chosen  Chooser                     // hears of a language that was chosen; nil: nobody
	Proxies []string                    // networks whose forwarded headers are believed
	Secure  bool                        // reached by https: send Strict-Transport-Security
	Ready   func(context.Context) error // may we take work? asked by /readyz
}

// Server serves the API and the web app.
type Server struct {
	*Routes
	echo *echo.Echo
	log  *slog.Logger
}

// New builds a server without operations; slices add theirs with Register.
func New(o Options) (*Server, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = ipExtractor(o.Proxies)
	s := &Server{echo: e, log: o.Log}
	e.HTTPErrorHandler = s.refuse
	e.Use(s.requestID, spoken, s.logged, recovered, headers(o.Secure), sameOrigin)
	s.Routes = &Routes{gate: o.Gate, routes: map[string]Op{}}
	e.Use(middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Limit: "1M", Skipper: func(c echo.Context) bool { return s.of(c).Upload > 0 }}), s.readable)
	e.Use(middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1400, Skipper: func(c echo.Context) bool {
		return c.Request().Method != http.MethodGet || !strings.HasPrefix(c.Path(), "/api/") || s.of(c).Packed
	}}))
	s.api = s.newAPI(e, o.Version)
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "alive\n") })
	e.GET("/readyz", func(c echo.Context) error {
		ctx, stop := context.WithTimeout(c.Request().Context(), 2*time.Second)
		defer stop()
		if err := o.Ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			return c.String(http.StatusServiceUnavailable, "not ready\n")
		}
		return c.String(http.StatusOK, "ready\n")
	})
	if o.Site != nil {
		site, err := newSite(o.Site, o.Secure, o.Face, o.Chosen, o.Log)
		if err != nil {
			return nil, err
		}
		e.Use(site.early)
		e.GET("/*", site.serve)
		e.HEAD("/*", site.serve)
	}
	return s, nil
}

// ServeHTTP lets tests call the server without a socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Handle adds a plain handler for pages that are not JSON: a form sent without
// scripts, a file to download.
func (s *Server) Handle(method, path string, h http.Handler) {
	s.echo.Add(method, path, echo.WrapHandler(h))
}

// ErrAddress tells that the address to listen on cannot be had.
var ErrAddress = errors.New("cannot listen")

// Listen takes the address. One that cannot be had is refused in one sentence,
// before anything else is started.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: something already listens on %s; stop it, or choose another port with TIMEBANK_ADDR=:8081", ErrAddress, addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: this user may not listen on %s; choose a port above 1023 with TIMEBANK_ADDR=:8080", ErrAddress, addr)
	}
	return nil, fmt.Errorf("%w: %q is no address of this machine; write TIMEBANK_ADDR as :8080", ErrAddress, addr)
}

// Run serves until ctx ends, then lets requests finish for up to 20 seconds.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s.echo, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer stop()
	if err := h.Shutdown(last); err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

func ipExtractor(proxies []string) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		n := netip.MustParsePrefix(p) // config has checked it
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: n.Addr().AsSlice(), Mask: net.CIDRMask(n.Bits(), n.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

type requestKey struct{}

// request is what is known of a request wherever its context goes.
type request struct {
	id  string
	log *slog.Logger
}

// RequestID is the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.id
}

// logger is the log of the request's server.
func logger(ctx context.Context) *slog.Logger {
	if r, ok := ctx.Value(requestKey{}).(request); ok && r.log != nil {
		return r.log
	}
	return slog.Default()
}

func (s *Server) requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := uuid.NewString() // ours, never the client's: it goes into logs
		c.Response().Header().Set("X-Request-Id", id)
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), requestKey{}, request{id, s.log})))
		return next(c)
	}
}

// tried are the answers that our own pages hardly ever get: many of one kind in the
// log say that somebody tries doors.
var tried = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests}

// logged writes one line a request: method, route, status, time. Never the path
// itself, a query or a body: they may name somebody.
func (s *Server) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		if !strings.HasPrefix(c.Path(), "/api/") {
			return nil
		}
		level := slog.LevelDebug
		switch status := c.Response().Status; {
		case status >= 500:
			level = slog.LevelWarn
		case slices.Contains(tried, status):
			level = slog.LevelInfo
		}
		ctx := c.Request().Context()
		s.log.Log(ctx, level, "request", "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status,
			"ms", time.Since(start).Milliseconds(), "request", RequestID(ctx))
		return nil
	}
}

func recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}

func headers(secure bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
			h.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'") // a page sets its own
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
			}
			if strings.HasPrefix(c.Request().URL.Path, "/api/") {
				h.Set("Cache-Control", "no-store")
				h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
				h.Set("Cross-Origin-Resource-Policy", "same-origin") // a photo stands in no other site's page
			}
			return next(c)
		}
	}
}

// sameOrigin refuses what another site's page makes a browser send (CSRF): it
// reads Sec-Fetch-Site and Origin, which pages cannot forge.
func sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if err := guard.Check(c.Request()); err != nil {
			return errCrossOrigin
		}
		return next(c)
	}
}

// refuse writes any error that reached echo as a problem.
func (s *Server) refuse(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx := c.Request().Context()
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		err = fromEcho(h)
	}
	p := problem(ctx, err)
	c.Response().Header().Set("Content-Type", "application/problem+json")
	c.Response().Header().Set("Cache-Control", "no-store")
	c.Response().WriteHeader(p.Status)
	writeJSON(c.Response(), p)
}

func fromEcho(h *echo.HTTPError) error {
	switch h.Code {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return errNoPage
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	case http.StatusUnsupportedMediaType:
		return errWrongType
	}
	if h.Code < 500 {
		return errUnreadable
	}
	return h
}

func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may be gone; nobody is left to tell
}
