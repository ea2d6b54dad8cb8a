package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// mistake is a call as models make it, and what the answer must contain: the
// result, or the right argument.
type mistake struct {
	arguments string // JSON
	want      []string
	not       string // text that must not be in the answer; "" if any may
}

const (
	understood = "Use these names."
	top        = "\n1 (95) " // the first candidate is shown
	nameless   = "\n1 (95) (name hidden)"
	waits      = "max_wait_seconds=1) "
	notKnown   = "Ignored, as this tool has no such argument"
)

// works are mistakes after which the call still does what was meant.
var works = map[string]mistake{
	// Names in another style.
	"camel case":                 {`{"requestId":"req_demo_done"}`, []string{top, "requestId as request_id. " + understood}, notKnown},
	"Pascal case":                {`{"RequestId":"req_demo_done","MinScore":93}`, []string{"Showing 1-2 in", "MinScore as min_score", "RequestId as request_id"}, notKnown},
	"kebab case":                 {`{"request-id":"req_demo_done","min-score":93}`, []string{"Showing 1-2 in", "min-score as min_score"}, notKnown},
	"capitals":                   {`{"REQUEST_ID":"req_demo_done"}`, []string{top, understood}, notKnown},
	"a space":                    {`{"request id":"req_demo_done"}`, []string{top}, notKnown},
	"id":                         {`{"id":"req_demo_done"}`, []string{top, "id as request_id"}, notKnown},
	"run_id":                     {`{"run_id":"req_demo_done"}`, []string{top, "run_id as request_id"}, notKnown},
	"runId":                      {`{"runId":"req_demo_done"}`, []string{top, "runId as request_id"}, notKnown},
	"sourcing_id":                {`{"sourcing_id":"req_demo_done"}`, []string{top}, notKnown},
	"minScore":                   {`{"request_id":"req_demo_done","minScore":93}`, []string{"Showing 1-2 in summary", "minScore as min_score"}, notKnown},
	"minimum_score":              {`{"request_id":"req_demo_done","minimum_score":93}`, []string{"Showing 1-2 in summary"}, notKnown},
	"score_threshold":            {`{"request_id":"req_demo_done","score_threshold":"93"}`, []string{"Showing 1-2 in summary"}, notKnown},
	"profileIds":                 {`{"request_id":"req_demo_done","profileIds":["prof_67a3995d-ea79"]}`, []string{"Showing 1 in summary.", "profileIds as profile_ids"}, notKnown},
	"profile_id":                 {`{"request_id":"req_demo_done","profile_id":"prof_67a3995d-ea79"}`, []string{"Showing 1 in summary."}, notKnown},
	"candidate_ids":              {`{"request_id":"req_demo_done","candidate_ids":["prof_67a3995d-ea79"]}`, []string{"Showing 1 in summary."}, notKnown},
	"candidates":                 {`{"request_id":"req_demo_done","candidates":"prof_67a3995d-ea79"}`, []string{"Showing 1 in summary."}, notKnown},
	"rank":                       {`{"request_id":"req_demo_done","rank":3}`, []string{"Showing 3 in summary.", "rank as ranks"}, notKnown},
	"max_results":                {`{"request_id":"req_demo_done","max_results":2}`, []string{"Showing 1-2 in summary"}, notKnown},
	"count":                      {`{"request_id":"req_demo_done","count":"2"}`, []string{"Showing 1-2 in summary"}, notKnown},
	"pageSize and skip":          {`{"request_id":"req_demo_done","pageSize":2,"skip":2}`, []string{"Showing 3-4 in summary"}, notKnown},
	"detail_level":               {`{"request_id":"req_demo_done","detail_level":"brief"}`, []string{"Showing 1-20 in brief"}, notKnown},
	"includeContacts":            {`{"request_id":"req_demo_done","includeContacts":true}`, []string{"INSTAVIEW_ALLOW_CONTACTS"}, notKnown},
	"Blind":                      {`{"request_id":"req_demo_done","Blind":true}`, []string{nameless, "Blind as blind"}, "Katarína"},
	"BLIND in words":             {`{"request_id":"req_demo_done","BLIND":"Yes"}`, []string{nameless}, "Katarína"},
	"isBlind":                    {`{"request_id":"req_demo_done","isBlind":1}`, []string{nameless}, "Katarína"},
	"blindMode":                  {`{"request_id":"req_demo_done","blindMode":"on"}`, []string{nameless}, "Katarína"},
	"anonymous":                  {`{"request_id":"req_demo_done","anonymous":true}`, []string{nameless, "anonymous as blind"}, "Katarína"},
	"hide_names":                 {`{"request_id":"req_demo_done","hide_names":"TRUE"}`, []string{nameless}, "Katarína"},
	"min":                        {`{"request_id":"req_demo_done","min":93}`, []string{"Showing 1-2 in summary"}, notKnown},
	"masknames":                  {`{"request_id":"req_demo_done","mask_names":true}`, []string{nameless}, "Katarína"},
	"timeout_s":                  {`{"request_id":"req_demo_slow","timeout_s":1}`, []string{waits}, notKnown},
	"the right name goes before": {`{"request_id":"req_demo_done","limit":1,"Limit":5}`, []string{"Showing 1 in summary", notKnown + ": Limit."}, ""},
	"timeout":                    {`{"request_id":"req_demo_slow","timeout":1}`, []string{waits, "timeout as max_wait_seconds"}, notKnown},
	"timeoutMs":                  {`{"request_id":"req_demo_slow","timeoutMs":1000}`, []string{waits, "timeoutMs as max_wait_seconds"}, notKnown},

	// A request_id inside pasted text.
	"a URL":                {`{"request_id":"https://app.instaview.sk/sourcing/req_demo_done"}`, []string{top, "request_id was read as req_demo_done."}, ""},
	"a URL with more":      {`{"request_id":"https://app.instaview.sk/sourcing/req_demo_done/candidates?tab=all#top"}`, []string{top}, ""},
	"a URL of the API":     {`{"request_id":"https://api.instaview.sk/sourcing/req_demo_done/results"}`, []string{top}, ""},
	"a URL without scheme": {`{"request_id":"app.instaview.sk/sourcing/req_demo_done"}`, []string{top}, ""},
	"a query":              {`{"request_id":"https://app.instaview.sk/run?requestId=req_demo_done"}`, []string{top}, ""},
	"a URL under its name": {`{"url":"https://app.instaview.sk/sourcing/req_demo_done"}`, []string{top, "url as request_id"}, ""},
	"a Markdown autolink":  {`{"request_id":"<https://app.instaview.sk/sourcing/req_demo_done>"}`, []string{top}, ""},
	"sourcing://":          {`{"request_id":"sourcing://req_demo_done"}`, []string{top}, ""},
	"a Markdown link":      {`{"request_id":"[the run](https://app.instaview.sk/sourcing/req_demo_done)"}`, []string{top}, ""},
	"a candidate's URI":    {`{"request_id":"sourcing://req_demo_done/candidates/prof_67a3995d-ea79"}`, []string{top}, ""},
	"quotation marks":      {`{"request_id":"\"req_demo_done\""}`, []string{top}, ""},
	"single quotes":        {`{"request_id":"'req_demo_done'"}`, []string{top}, ""},
	"typographic quotes":   {`{"request_id":"“req_demo_done”"}`, []string{top}, ""},
	"backticks":            {"{\"request_id\":\"`req_demo_done`\"}", []string{top}, ""},
	"spaces":               {`{"request_id":"  req_demo_done "}`, []string{top}, ""},
	"brackets":             {`{"request_id":"[req_demo_done]"}`, []string{top}, ""},
	"Request ID:":          {`{"request_id":"Request ID: req_demo_done"}`, []string{top}, ""},
	"Request ID: quoted":   {"{\"request_id\":\"Request ID: `req_demo_done`\"}", []string{top}, ""},
	"request_id=":          {`{"request_id":"request_id=req_demo_done"}`, []string{top}, ""},
	"the run":              {`{"request_id":"the sourcing run req_demo_done"}`, []string{top}, ""},
	"JSON of the start":    {`{"request_id":"{\"success\":true,\"requestId\":\"req_demo_done\"}"}`, []string{top}, ""},
	"an object of one":     {`{"request_id":{"requestId":"req_demo_done"}}`, []string{top}, ""},
	"a list of one":        {`{"request_id":["req_demo_done"]}`, []string{top}, ""},

	// Candidates.
	"an id as printed":       {`{"request_id":"req_demo_done","profile_ids":"[prof_67a3995d-ea79]"}`, []string{"Showing 1 in summary."}, ""},
	"ids as printed":         {`{"request_id":"req_demo_done","profile_ids":["[prof_67a3995d-ea79]","[prof_0f7ab085-c236]"]}`, []string{"Showing 1-2 in summary."}, ""},
	"ids in one text":        {`{"request_id":"req_demo_done","profile_ids":"[prof_67a3995d-ea79] [prof_0f7ab085-c236]"}`, []string{"Showing 1-2 in summary."}, ""},
	"ids in bare brackets":   {`{"request_id":"req_demo_done","profile_ids":"[prof_67a3995d-ea79, prof_0f7ab085-c236]"}`, []string{"Showing 1-2 in summary."}, ""},
	"a whole line":           {`{"request_id":"req_demo_done","profile_ids":["1 (95) Katarína Šimončičová| Principal Backend Engineer| Zlatka Pay| Košice, Slovensko [prof_67a3995d-ea79]"]}`, []string{"Showing 1 in summary."}, ""},
	"a name and its id":      {`{"request_id":"req_demo_done","profile_ids":"Katarína Šimončičová [prof_67a3995d-ea79], Tereza Kučerová [prof_0f7ab085-c236]"}`, []string{"Showing 1-2 in summary."}, ""},
	"a name and its rank":    {`{"request_id":"req_demo_done","profile_ids":["1. Katarína Šimončičová"]}`, []string{"Showing 1 in summary."}, ""},
	"ids with spaces":        {`{"request_id":"req_demo_done","profile_ids":"prof_67a3995d-ea79 prof_0f7ab085-c236"}`, []string{"Showing 1-2 in summary."}, ""},
	"ids with semicolons":    {`{"request_id":"req_demo_done","profile_ids":"prof_67a3995d-ea79; prof_0f7ab085-c236"}`, []string{"Showing 1-2 in summary."}, ""},
	"ids on lines":           {`{"request_id":"req_demo_done","profile_ids":"prof_67a3995d-ea79\nprof_0f7ab085-c236"}`, []string{"Showing 1-2 in summary."}, ""},
	"ids as JSON":            {`{"request_id":"req_demo_done","profile_ids":"[\"prof_67a3995d-ea79\",\"prof_0f7ab085-c236\"]"}`, []string{"Showing 1-2 in summary."}, ""},
	"ids in backticks":       {"{\"request_id\":\"req_demo_done\",\"profile_ids\":[\"`prof_67a3995d-ea79`\"]}", []string{"Showing 1 in summary."}, ""},
	"a labelled id":          {`{"request_id":"req_demo_done","profile_ids":["profile_id: prof_67a3995d-ea79"]}`, []string{"Showing 1 in summary."}, ""},
	"a candidate's document": {`{"request_id":"req_demo_done","profile_ids":["sourcing://req_demo_done/candidates/prof_67a3995d-ea79"]}`, []string{"Showing 1 in summary."}, ""},
	"objects of ids":         {`{"request_id":"req_demo_done","profile_ids":[{"profile_id":"prof_67a3995d-ea79"},{"rank":3},{"name":"Tereza Kučerová"}]}`, []string{"Showing 1-3 in summary."}, ""},
	"ranks for ids":          {`{"request_id":"req_demo_done","profile_ids":[1,3]}`, []string{"Showing 1, 3 in summary."}, ""},
	"ranks as texts for ids": {`{"request_id":"req_demo_done","profile_ids":["1","rank 3","#7","rank-9"]}`, []string{"Showing 1, 3, 7, 9 in summary."}, ""},
	"a name":                 {`{"request_id":"req_demo_done","profile_ids":["Katarína Šimončičová"]}`, []string{"Showing 1 in summary.", "Found by name: rank 1."}, ""},
	"a name without accents": {`{"request_id":"req_demo_done","profile_ids":["katarina simoncicova"]}`, []string{"Showing 1 in summary."}, ""},
	"a name with ł":          {`{"request_id":"req_demo_done","profile_ids":"Lukasz Grzybowski"}`, []string{"Showing 3 in summary."}, ""},
	"a name with đ":          {`{"request_id":"req_demo_done","profile_ids":["dang quoc bao"]}`, []string{"Showing 4 in summary."}, ""},
	"a last name":            {`{"request_id":"req_demo_done","profile_ids":["GRZYBOWSKI"]}`, []string{"Showing 3 in summary."}, ""},
	"a name and an id":       {`{"request_id":"req_demo_done","profile_ids":["Tereza Kučerová","prof_67a3995d-ea79"]}`, []string{"Showing 1-2 in summary."}, ""},
	"a profile's address":    {`{"request_id":"req_demo_done","profile_ids":["https://www.linkedin.com/in/katarina-simoncicova-go"]}`, []string{"Showing 1 in summary."}, ""},
	"one rank":               {`{"request_id":"req_demo_done","ranks":7}`, []string{"Showing 7 in summary."}, ""},
	"ranks in a text":        {`{"request_id":"req_demo_done","ranks":"1, 3 and 7"}`, []string{"Showing 1, 3, 7 in summary."}, ""},
	"ranks as texts":         {`{"request_id":"req_demo_done","ranks":["1","#3","rank 7"]}`, []string{"Showing 1, 3, 7 in summary."}, ""},
	"a range of ranks":       {`{"request_id":"req_demo_done","ranks":"2-4"}`, []string{"Showing 2-4 in summary."}, ""},
	"a range from its end":   {`{"request_id":"req_demo_done","ranks":"4-2"}`, []string{"Showing 2-4 in summary."}, ""},
	"top 3":                  {`{"request_id":"req_demo_done","ranks":"top 3"}`, []string{"Showing 1-3 in summary."}, ""},
	"ordinals":               {`{"request_id":"req_demo_done","ranks":"1st, 3rd and 7th"}`, []string{"Showing 1, 3, 7 in summary."}, ""},
	"ranks as JSON":          {`{"request_id":"req_demo_done","ranks":"[1,3]"}`, []string{"Showing 1, 3 in summary."}, ""},
	"ranks to":               {`{"request_id":"req_demo_done","ranks":["2 to 4", 9.0]}`, []string{"Showing 2-4, 9 in summary."}, ""},

	// No value, in several spellings.
	"all empty texts":   {`{"request_id":"req_demo_done","detail":"","limit":"","offset":"","min_score":"","profile_ids":"","ranks":"","blind":"","include_contacts":"","max_wait_seconds":""}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, ""},
	"all null":          {`{"request_id":"req_demo_done","detail":null,"limit":null,"offset":null,"min_score":null,"profile_ids":null,"ranks":null,"blind":null,"include_contacts":null,"max_wait_seconds":null}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, ""},
	"all candidates":    {`{"request_id":"req_demo_done","profile_ids":"all","ranks":["all"]}`, []string{"Showing 1-10 in summary"}, ""},
	"all 0":             {`{"request_id":"req_demo_done","limit":0,"offset":0,"min_score":0,"ranks":0}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, "min_score"},
	"0 as texts":        {`{"request_id":"req_demo_done","limit":"0","offset":"0","min_score":"0","max_wait_seconds":"0"}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, ""},
	"words for null":    {`{"request_id":"req_demo_done","detail":"null","limit":"None","offset":"undefined","min_score":"any","profile_ids":"none","blind":"null"}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, ""},
	"empty lists":       {`{"request_id":"req_demo_done","profile_ids":[],"ranks":[]}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, ""},
	"a list of nothing": {`{"request_id":"req_demo_done","profile_ids":["", null, " "],"ranks":[null,""]}`, []string{"Showing 1-10 in summary, 11-20 in brief"}, `[""]`},

	// Units and other spellings of numbers.
	"percent":             {`{"request_id":"req_demo_done","min_score":"93%"}`, []string{"Showing 1-2 in summary"}, ""},
	"percent apart":       {`{"request_id":"req_demo_done","min_score":"93 %"}`, []string{"Showing 1-2 in summary"}, ""},
	"in words, percent":   {`{"request_id":"req_demo_done","min_score":"93 percent"}`, []string{"Showing 1-2 in summary"}, ""},
	"out of 100":          {`{"request_id":"req_demo_done","min_score":"93/100"}`, []string{"Showing 1-2 in summary"}, ""},
	"at least":            {`{"request_id":"req_demo_done","min_score":">= 93"}`, []string{"Showing 1-2 in summary"}, ""},
	"or more":             {`{"request_id":"req_demo_done","min_score":"93+"}`, []string{"Showing 1-2 in summary"}, ""},
	"a fraction":          {`{"request_id":"req_demo_done","min_score":0.93}`, []string{"Showing 1-2 in summary", "min_score was taken as 93, as scores go from 0 to 100."}, ""},
	"a fraction in text":  {`{"request_id":"req_demo_done","min_score":"0.93"}`, []string{"Showing 1-2 in summary", "min_score was taken as 93"}, ""},
	"a decimal comma":     {`{"request_id":"req_demo_done","min_score":"92,5"}`, []string{"Showing 1-2 in summary"}, ""},
	"full-width digits":   {`{"request_id":"req_demo_done","limit":"２"}`, []string{"Showing 1-2 in summary"}, ""},
	"2.0":                 {`{"request_id":"req_demo_done","limit":"2.0"}`, []string{"Showing 1-2 in summary"}, ""},
	"2 candidates":        {`{"request_id":"req_demo_done","limit":"2 candidates"}`, []string{"Showing 1-2 in summary"}, ""},
	"top 2":               {`{"request_id":"req_demo_done","limit":"top 2"}`, []string{"Showing 1-2 in summary"}, ""},
	"all":                 {`{"request_id":"req_demo_done","limit":"all","detail":"brief"}`, []string{"Showing 1-20 in brief", "limit was lowered to 50"}, ""},
	"1,000":               {`{"request_id":"req_demo_done","limit":"1,000","detail":"brief"}`, []string{"limit was lowered to 50"}, ""},
	"1s":                  {`{"request_id":"req_demo_slow","max_wait_seconds":"1s"}`, []string{waits}, ""},
	"1 second":            {`{"request_id":"req_demo_slow","max_wait_seconds":"1 second"}`, []string{waits}, ""},
	"1000 ms":             {`{"request_id":"req_demo_slow","max_wait_seconds":"1000ms"}`, []string{waits}, ""},
	"ISO 8601":            {`{"request_id":"req_demo_slow","max_wait_seconds":"PT1S"}`, []string{waits}, ""},
	"a long one in words": {`{"request_id":"req_demo_done","max_wait_seconds":"2 minutes"}`, []string{top, "max_wait_seconds was lowered to 50"}, ""},
	"no score so high":    {`{"request_id":"req_demo_done","min_score":99}`, []string{"min_score 99 hid 20 candidates; the highest score is 95."}, ""},

	// Details.
	"detailed":      {`{"request_id":"req_demo_done","detail":"detailed","limit":1}`, []string{"Showing 1 in full", "detail was taken as full."}, ""},
	"Full":          {`{"request_id":"req_demo_done","detail":" FULL ","limit":1}`, []string{"Showing 1 in full"}, ""},
	"quoted detail": {`{"request_id":"req_demo_done","detail":"\"brief\""}`, []string{"Showing 1-20 in brief"}, ""},
	"short":         {`{"request_id":"req_demo_done","detail":"short"}`, []string{"Showing 1-20 in brief", "detail was taken as brief."}, ""},
	"verbose":       {`{"request_id":"req_demo_done","verbosity":"verbose","limit":1}`, []string{"Showing 1 in full"}, ""},

	// Wrapped arguments.
	"a string of JSON":       {`"{\"request_id\":\"req_demo_done\",\"limit\":1}"`, []string{"Showing 1 in summary"}, ""},
	"a fenced string":        {"\"```json\\n{\\\"request_id\\\":\\\"req_demo_done\\\",\\\"limit\\\":1}\\n```\"", []string{"Showing 1 in summary"}, ""},
	"quoted twice":           {`"\"{\\\"request_id\\\":\\\"req_demo_done\\\",\\\"limit\\\":1}\""`, []string{"Showing 1 in summary"}, ""},
	"nested":                 {`{"arguments":{"request_id":"req_demo_done","limit":1}}`, []string{"Showing 1 in summary", "The arguments were taken out of “arguments”"}, notKnown},
	"nested as a string":     {`{"arguments":"{\"request_id\":\"req_demo_done\",\"limit\":1}"}`, []string{"Showing 1 in summary"}, notKnown},
	"nested in args":         {`{"args":{"requestId":"req_demo_done","limit":1}}`, []string{"Showing 1 in summary"}, notKnown},
	"nested in input":        {`{"input":{"request_id":"req_demo_done","limit":1}}`, []string{"Showing 1 in summary"}, notKnown},
	"nested beside":          {`{"request_id":"req_demo_done","params":{"limit":1}}`, []string{"Showing 1 in summary"}, notKnown},
	"nested with a name":     {`{"name":"wait_for_sourcing","arguments":{"request_id":"req_demo_done","limit":1}}`, []string{"Showing 1 in summary"}, notKnown},
	"nested and blind":       {`{"arguments":{"request_id":"req_demo_done","blind":true}}`, []string{nameless}, "Katarína"},
	"as Python writes it":    {`"{'request_id': 'req_demo_done', 'limit': 1, 'blind': True}"`, []string{"Showing 1 in summary", nameless}, "Katarína"},
	"under the tool's name":  {`{"wait_for_sourcing":{"request_id":"req_demo_done","limit":1}}`, []string{"Showing 1 in summary"}, notKnown},
	"a list of one object":   {`[{"request_id":"req_demo_done","limit":1}]`, []string{"Showing 1 in summary"}, ""},
	"a client's own":         {`{"request_id":"req_demo_done","limit":1,"wait_for_previous":true}`, []string{"Showing 1 in summary"}, "wait_for_previous"},
	"page":                   {`{"request_id":"req_demo_done","limit":1,"page":2}`, []string{notKnown + ": page. It has blind, detail, include_contacts, limit, max_wait_seconds, min_score, offset, profile_ids, ranks, request_id."}, ""},
	"three unknown of four":  {`{"request_id":"req_demo_done","limit":1,"admin":true,"reason":"x","team":"y","zone":"z"}`, []string{notKnown + ": admin, reason, team."}, "zone"},
	"unknown in other style": {`{"request_id":"req_demo_done","limit":1,"includeSkills":true}`, []string{notKnown + ": includeSkills."}, ""},
}

// explained are mistakes whose answer names the right argument.
var explained = map[string]mistake{
	"no id":                {`{}`, []string{"request_id is missing."}, ""},
	"null in words":        {`{"request_id":"null"}`, []string{"request_id is missing."}, ""},
	"the argument's name":  {`{"request_id":"<request_id>"}`, []string{"request_id is not a sourcing run's id"}, ""},
	"no id, but others":    {`{"limit":3}`, []string{"request_id is missing."}, ""},
	"names not shown":      {`{"request_id":"req_demo_done","show_names":false}`, []string{"Names are hidden by blind. For example: blind=true."}, ""},
	"a name among ranks":   {`{"request_id":"req_demo_done","ranks":["Katarína"]}`, []string{"Ids and names go in profile_ids."}, ""},
	"a number word":        {`{"request_id":"req_demo_done","limit":"ten"}`, []string{"limit must be a number. For example: limit=10."}, ""},
	"a fraction of people": {`{"request_id":"req_demo_done","limit":2.5}`, []string{"limit must be a whole number. For example: limit=10."}, ""},
	"below nothing":        {`{"request_id":"req_demo_done","offset":-1}`, []string{"offset must be at least 0. For example: offset=10."}, ""},
	"a high score":         {`{"request_id":"req_demo_done","min_score":"high"}`, []string{"min_score must be a number. For example: min_score=80."}, ""},
	"above all scores":     {`{"request_id":"req_demo_done","min_score":"150%"}`, []string{"min_score must be a number from 0 to 100."}, ""},
	"a true score":         {`{"request_id":"req_demo_done","min_score":true}`, []string{"min_score must be a number."}, ""},
	"a while":              {`{"request_id":"req_demo_done","max_wait_seconds":"a while"}`, []string{"max_wait_seconds must be a number. For example: max_wait_seconds=30."}, ""},
	"half a second":        {`{"request_id":"req_demo_done","max_wait_seconds":0.5}`, []string{"max_wait_seconds must be a whole number."}, ""},
	"maybe blind":          {`{"request_id":"req_demo_done","blind":"maybe"}`, []string{"blind must be true or false."}, "Katarína"},
	"a rank in words":      {`{"request_id":"req_demo_done","ranks":["first"]}`, []string{"ranks must be a list of whole numbers from 1 on. For example: ranks=[1, 3, 7]."}, ""},
	"rank 0":               {`{"request_id":"req_demo_done","ranks":[0,1]}`, []string{"ranks must be a list of whole numbers from 1 on."}, ""},
	"detail of all":        {`{"request_id":"req_demo_done","detail":"everything"}`, []string{"detail must be one of brief, summary and full."}, ""},
	"two runs":             {`{"request_id":"req_demo_done, req_demo_slow"}`, []string{"request_id is not a sourcing run's id"}, ""},
	"prose":                {`{"request_id":"Ignore this and use req_demo_done"}`, []string{"request_id is not a sourcing run's id"}, ""},
	"not an object":        {`"req_demo_done"`, []string{"The arguments must be an object such as"}, ""},
	"a list of ids":        {`["req_demo_done"]`, []string{"The arguments must be an object such as"}, ""},
}

// asked are calls whose selection matches nobody. That is not an error: the
// answer says where to find the right ids.
var asked = map[string]mistake{
	"nobody's id":         {`{"request_id":"req_demo_done","profile_ids":["prof_nobody"]}`, []string{`Not in this run: "prof_nobody". Take ids or ranks from this run's list: get_sourcing_results(request_id="req_demo_done", detail="brief").`}, ""},
	"nobody's name":       {`{"request_id":"req_demo_done","profile_ids":["Jane Doe"]}`, []string{"Not in this run: entry 1 of profile_ids."}, "Jane"},
	"no such rank":        {`{"request_id":"req_demo_done","ranks":[99]}`, []string{"Not in this run: rank 99."}, ""},
	"a name, but blind":   {`{"request_id":"req_demo_done","profile_ids":["Tereza Kučerová"],"blind":true}`, []string{"Not in this run", "Names are not searched for in a blind review."}, "Tereza"},
	"beyond the last one": {`{"request_id":"req_demo_done","offset":"99"}`, []string{"offset 99 is beyond the last of 20 matching candidates."}, ""},
}

// The mistakes that models make in calls, with the built program: either the
// call works, or the answer names the right argument, so that the next call
// does.
func TestOneStepFromAMistakeToTheRightCall(t *testing.T) {
	t.Parallel()
	c := demo(t)
	c.send(mcptest.Hello)
	c.next()
	// A wait of 1 s can be over before the first answer on a busy machine.
	c.ask(1, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_slow"}`))
	id := 1
	check := func(kind string, cases map[string]mistake, isError bool) {
		for name, m := range cases {
			if !json.Valid([]byte(m.arguments)) {
				t.Errorf("%s: %s is no JSON", name, m.arguments)
				continue
			}
			id++
			r := c.ask(id, "tools/call", mcptest.Call("wait_for_sourcing", m.arguments))
			if r.Error != nil || r.Result.IsError != isError {
				t.Errorf("%s: %s %s: %.300s", kind, name, m.arguments, r.raw)
				continue
			}
			for _, want := range m.want {
				if !strings.Contains(r.text(), want) {
					t.Errorf("%s: %s %s: %q is not said in:\n%.900s", kind, name, m.arguments, want, r.text())
				}
			}
			if m.not != "" && strings.Contains(r.text(), m.not) {
				t.Errorf("%s: %s %s: %q is said in:\n%.900s", kind, name, m.arguments, m.not, r.text())
			}
		}
	}
	check("works", works, false)
	check("explained", explained, true)
	check("asked", asked, false)
	t.Logf("%d mistakes work, %d are explained, %d ask for nobody", len(works), len(explained), len(asked))
}

// What people type into a prompt, as clients pass it on.
func TestOneStepFromAMistakeToTheRightPrompt(t *testing.T) {
	t.Parallel()
	c := demo(t)
	c.send(mcptest.Hello)
	c.next()
	id := 0
	for params, want := range map[string]string{
		`{"name":"explain_ranking","arguments":{"request_id":"req_demo_done","profile_id":"3"}}`:                                              `detail=\"full\", ranks=[3])`,
		`{"name":"explain_ranking","arguments":{"requestId":"req_demo_done","rank":"#3"}}`:                                                    `ranks=[3])`,
		`{"name":"draft_outreach","arguments":{"request_id":"req_demo_done","profile_id":"Katarína Šimončičová"}}`:                            `profile_ids=[\"Katarína Šimončičová\"]`,
		`{"name":"screening_questions","arguments":{"request_id":"https://app.instaview.sk/sourcing/req_demo_done","profile_id":"[prof_1]"}}`: `profile_ids=[\"prof_1\"]`,
		`{"name":"compare_candidates","arguments":{"request_id":"req_demo_done","profile_ids":"1,3,7"}}`:                                      `ranks=[1, 3, 7])`,
		`{"name":"review_shortlist","arguments":{"request_id":"req_demo_done","role":"Senior","must_haves":"Go","top":"engineer"}}`:           "split what I typed at its spaces: take 3",
		`{"name":"review_shortlist","arguments":{"request_id":"req_demo_done","top":""}}`:                                                     "Choose 3 by role",
		`{"name":"review_shortlist","arguments":{"request_id":"../x"}}`:                                                                       `"code":-32602,"message":"review_shortlist: request_id is not a sourcing run's id`,
		`{"name":"explain_ranking","arguments":{"request_id":"req_demo_done"}}`:                                                               `"code":-32602,"message":"explain_ranking: profile_id is missing. Name a candidate by rank, by name, or by the id`,
	} {
		id++
		if r := c.ask(id, "prompts/get", params); !strings.Contains(r.raw, want) {
			t.Errorf("%s: no %s in %.900s", params, want, r.raw)
		}
	}
}
