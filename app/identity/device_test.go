package identity

import (
	"testing"

	"timebank/app/platform/words"
)

func TestDeviceWords(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                      "Firefox on a Windows computer",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0":                 "Edge on a Windows computer",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604": "Safari on an iPhone",
		"Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537":   "Samsung Internet on an Android phone or tablet",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36":                              "Chrome on an Android phone or tablet",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                    "Safari on a Mac",
		"Something on Linux": "A browser on a Linux computer",
		"curl/8.8":           "A device we do not know",
		"":                   "A device we do not know",
	} {
		if got := DeviceWords(words.English, agent); got != want {
			t.Errorf("DeviceWords(%q) = %q, want %q", agent, got, want)
		}
	}
}
