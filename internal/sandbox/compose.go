package sandbox

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// kit holds the parts from which the candidates of a large run are composed;
// all have one profession. In its texts, "{a|b|c}" is replaced by one of the
// choices and "{name}" by a value; profile.slot lists the names.
type kit struct {
	Basics     []string `json:"basics"` // skills that the whole profession shares
	Titles     titles   `json:"titles"`
	Headlines  []string `json:"headlines"`
	Rationales []string `json:"rationales"`
	Risks      []string `json:"risks"`
	Themes     []theme  `json:"themes"`
	Companies  []struct {
		Name  string `json:"name"`
		Field string `json:"field"` // the subject of its products, as an adjective
	} `json:"companies"`
	People []person `json:"people"` // best first
}

type titles struct {
	Lead    []string `json:"lead"`
	Senior  []string `json:"senior"`
	Regular []string `json:"regular"`
}

// theme is one speciality: skills, achievements and why they matter for the
// job.
type theme struct {
	Name       string   `json:"name"`
	Skills     []string `json:"skills"`
	Highlights []string `json:"highlights"`
	Fit        []string `json:"fit"`
	Relevance  []string `json:"relevance"`
	Strength   []string `json:"strength"`
}

type person struct {
	Name     string   `json:"name"`
	Given    string   `json:"given"` // the name used inside texts
	Slug     string   `json:"slug"`
	Location string   `json:"location"`
	Headline string   `json:"headline"` // composed if empty
	Themes   []string `json:"themes"`   // those of the headline; others are drawn
	Company  string   `json:"company"`  // the present one; drawn if empty
}

// presentYear is the year of the present positions, as in the documentation's
// examples.
const presentYear = 2026

// compose makes a candidate of each person in the kit, with scores that fall
// evenly from best to last. The result is the same on every machine and with
// every Go release, because it uses PCG, whose algorithm is fixed, without the
// methods of rand.Rand, whose results may change.
func compose(k *kit, best, last int) []Candidate {
	candidates := make([]Candidate, len(k.People))
	for i, someone := range k.People {
		place := float64(i) / float64(max(1, len(k.People)-1))
		seed := fnv.New64a()
		seed.Write([]byte(someone.Slug))
		p := &profile{kit: k, person: someone, place: place, id: seed.Sum64(), dice: dice{rand.NewPCG(seed.Sum64(), uint64(len(k.Themes)))}}
		candidates[i] = p.candidate(math.Round(float64(best) - place*float64(best-last)))
	}
	return candidates
}

// profile holds the values from which one candidate is composed.
type profile struct {
	kit    *kit
	person person
	place  float64 // 0 for the best, 1 for the last
	id     uint64
	dice   dice

	company, field, role, second, strength string
	years                                  int
	skills                                 []string
	theme                                  theme
}

func (p *profile) candidate(score float64) Candidate {
	themes := p.chooseThemes()
	p.theme = themes[0]
	p.skills = p.chooseSkills(themes)
	experience, evidence := p.career(themes)
	p.strength = p.fill(one(p.dice, p.theme.Strength))
	p.second = p.fill(one(p.dice, themes[1].Strength))

	headline := p.person.Headline
	if headline == "" {
		headline = p.fill(one(p.dice, p.kit.Headlines))
	}
	return Candidate{
		ProfileID:           fmt.Sprintf("prof_%08x-%04x", uint32(p.id>>32), uint16(p.id)), //nolint:gosec // halves of a hash
		Name:                p.person.Name,
		LinkedInURL:         "https://www.linkedin.com/in/" + p.person.Slug,
		MatchScore:          &score,
		Rationale:           p.fill(one(p.dice, p.kit.Rationales)),
		Headline:            headline,
		Skills:              p.skills,
		Location:            p.person.Location,
		CurrentCompany:      p.company,
		CurrentRole:         p.role,
		AIFitPoints:         p.fitPoints(themes),
		AIRedFlags:          p.fillAll(pick(p.dice, p.kit.Risks, p.spread(0, 3))),
		AIDetailedRationale: evidence,
		DetailedExperience:  experience,
	}
}

// spread returns a number from low for the best candidate to high for the last,
// varied by at most 1.
func (p *profile) spread(low, high int) int {
	n := int(math.Round(float64(low)+p.place*float64(high-low))) + p.dice.below(3) - 1
	return min(max(n, min(low, high)), max(low, high))
}

// chooseThemes draws four themes, one for each possible position; those that
// the person names come first.
func (p *profile) chooseThemes() []theme {
	themes := pick(p.dice, p.kit.Themes, len(p.kit.Themes))
	rank := func(t theme) int {
		if i := slices.Index(p.person.Themes, t.Name); i >= 0 {
			return i
		}
		return len(p.person.Themes)
	}
	slices.SortStableFunc(themes, func(a, b theme) int { return rank(a) - rank(b) })
	return themes[:4]
}

func (p *profile) chooseSkills(themes []theme) []string {
	skills := pick(p.dice, themes[0].Skills, 4)
	skills = append(skills, pick(p.dice, themes[1].Skills, 2)...)
	skills = append(skills, pick(p.dice, themes[2].Skills, 1)...)
	skills = append(skills, pick(p.dice, p.kit.Basics, 1+p.dice.below(4))...)
	var distinct []string
	for _, s := range skills {
		if !slices.Contains(distinct, s) {
			distinct = append(distinct, s)
		}
	}
	return distinct
}

func (p *profile) fitPoints(themes []theme) []string {
	var points []string
	for i := range p.spread(4, 1) {
		t := themes[min(i/2, 2)]
		points = append(points, p.fill(t.Fit[i%2]))
	}
	return points
}

// career composes positions backwards from the present one, each with a theme,
// and stores years, company and role for the other texts.
func (p *profile) career(themes []theme) ([]Experience, []Evidence) {
	positions := 2 + p.dice.below(3)
	employers := pick(p.dice, p.kit.Companies, positions)
	titles := p.titles()
	var experience []Experience
	var evidence []Evidence
	until := presentYear
	var company, role string
	for i := range positions {
		employer, t := employers[i], themes[i]
		from := until - 2 - p.dice.below(3)
		company, p.field = employer.Name, employer.Field
		if i == 0 && p.person.Company != "" {
			company = p.person.Company
		}
		span := fmt.Sprintf("%d - %d", from, until)
		if i == 0 {
			span = fmt.Sprintf("%d - Present", from)
		}
		role = one(p.dice, titles[min(i, len(titles)-1)])
		if i == 0 {
			p.company, p.role = company, role
		}
		experience = append(experience, Experience{
			Role: role, Company: company, Duration: span,
			Highlights: p.fillAll(pick(p.dice, t.Highlights, max(1, 3-i)+p.dice.below(2))),
		})
		if i < 2 && (i == 0 || p.place < 0.6) {
			evidence = append(evidence, Evidence{
				Title: role, Company: company, Duration: fmt.Sprintf("%d years", until-from),
				RelevanceExplanation: p.fill(one(p.dice, t.Relevance)),
			})
		}
		until = from
	}
	p.years = presentYear - until
	p.field = employers[0].Field
	return experience, evidence
}

// titles returns the choices of job titles for each position, the present one
// first. Better candidates have reached higher ones.
func (p *profile) titles() [][]string {
	all := [][]string{p.kit.Titles.Lead, p.kit.Titles.Senior, p.kit.Titles.Regular}
	return all[min(int(p.place*3), 2):]
}

// fill replaces the parts of a kit's text that are in braces.
func (p *profile) fill(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		slot, after, _ := strings.Cut(rest, "}")
		b.WriteString(p.slot(slot))
		text = after
	}
}

// slot returns the value of a name, or one of the choices.
func (p *profile) slot(slot string) string {
	switch slot {
	case "given":
		return p.person.Given
	case "years":
		return fmt.Sprint(p.years)
	case "company":
		return p.company
	case "field":
		return p.field
	case "role":
		return p.role
	case "theme":
		return p.theme.Name
	case "strength":
		return p.strength
	case "second":
		return p.second
	case "skill":
		return p.skills[0]
	case "skill2":
		return p.skills[1]
	case "skill3":
		return p.skills[2]
	}
	return one(p.dice, strings.Split(slot, "|"))
}

func (p *profile) fillAll(texts []string) []string {
	for i, t := range texts {
		texts[i] = p.fill(t)
	}
	return texts
}

// dice draws pseudo-random choices that are the same in every run.
type dice struct{ *rand.PCG }

// below returns a number from 0 to n-1. The bias of the remainder does not
// matter for about a hundred people.
func (d dice) below(n int) int { return int(d.Uint64() % uint64(n)) } //nolint:gosec // small and positive

func one[T any](d dice, from []T) T { return from[d.below(len(from))] }

// pick returns n different elements in random order, or all if there are fewer.
func pick[T any](d dice, from []T, n int) []T {
	rest := slices.Clone(from)
	n = min(n, len(rest))
	for i := range n {
		j := i + d.below(len(rest)-i)
		rest[i], rest[j] = rest[j], rest[i]
	}
	return rest[:n]
}
