package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"instaview-mcp/client"
)

func ExampleClient_Results() {
	instaview := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"requestId":"req_1","status":"completed","candidates":[{"profileId":"prof_1","name":"Mira Novak","matchScore":96}]}`)
	}))
	defer instaview.Close()

	c, err := client.New(client.NewKey("sk_example"), client.WithBaseURL(instaview.URL))
	if err != nil {
		panic(err)
	}
	results, err := c.Results(context.Background(), "req_1")
	var failure *client.Error
	switch {
	case errors.As(err, &failure):
		fmt.Println(failure.Code, "may be asked again:", failure.Transient())
	case err != nil:
		fmt.Println(err)
	case results.InProgress():
		fmt.Println("not yet")
	default:
		for _, candidate := range results.Candidates {
			fmt.Println(candidate.Name, *candidate.MatchScore)
		}
	}
	// Output: Mira Novak 96
}
