package blind

import (
	_ "embed"
	"iter"
	"strings"
	"sync"
	"unicode"
)

// english holds the ten thousand most common English words of three to ten
// letters that are written in lower case: sizes 10 and 20 of SCOWL, whose
// licence is beside it.
//
//go:embed english.txt
var english string

var englishWords = words(english)

// isEnglish reports whether key is a common English word.
func isEnglish(key string) bool {
	return englishWords.has(key) || functionWords.has(key) || workWords.has(key)
}

// isProperNoun reports whether key is a month, a place, a tool or a brand.
func isProperNoun(key string) bool {
	return months.has(key) || places.has(key) || tools.has(key) || brandWords.has(key)
}

// hasOtherMeaning reports whether a word is more than a name.
func hasOtherMeaning(key string) bool { return isEnglish(key) || isProperNoun(key) }

// isForeignWord reports whether a name is also a word of another language, or
// the feminine form of such an adjective.
func isForeignWord(key string) bool {
	masculine, feminine := strings.CutSuffix(key, "a")
	return foreignWords.has(key) || feminine && foreignWords.has(masculine+"y")
}

// set is a set of words that is built when it is first needed, which in most
// runs of the program is never.
type set struct {
	make func() map[string]bool
}

func (s set) has(word string) bool { return s.make()[word] }

// words returns the set of the words in a list separated by white space.
func words(list string) set {
	return set{sync.OnceValue(func() map[string]bool { return setOf(strings.FieldsSeq(list)) })}
}

// phrases returns the set of the phrases in a list separated by bars.
func phrases(list string) set {
	return set{sync.OnceValue(func() map[string]bool { return setOf(strings.SplitSeq(list, "|")) })}
}

func setOf(words iter.Seq[string]) map[string]bool {
	set := map[string]bool{}
	for word := range words {
		set[strings.TrimSpace(word)] = true
	}
	return set
}

// The words of all lists are folded, as by package fold.
var (
	functionWords = words("a an the and or of to in on at for with by from as is are was were be been has have had not no but that this her his she he they their it its we our i you your who which than into over also")
	// workWords are lower-case words of profiles that english lacks.
	workWords = words(`web website websites webinar api apis app apps blog blogs wiki repo repos forum podcast podcasts dev ops online offline onsite offshore email emails internet intranet laptop laptops smartphone
		startup startups fintech biotech crypto bitcoin blockchain token tokens dashboard dashboards workflow workflows roadmap roadmaps backlog sprint sprints stakeholder stakeholders
		onboarding freelance outsource outsourcing backend frontend firmware middleware malware cyber login admin router routers modem pixel pixels plugin plugins prototype prototypes refactor deploy deploys
		pipeline pipelines cluster clusters cache caches query queries schema schemas mentor mentors mentoring coach coaching intern interns internship recruiter recruiters analytics metric metrics dataset
		datasets benchmark benchmarks throughput latency logistics retail payroll healthcare nonprofit graph graphs tester testers robotics sensor sensors drone drones gaming vendor vendors audit audits
		compliance hybrid gig gigs stack stacks lab labs tech kernel compiler compilers parser parsers runtime async thread threads socket sockets proxy proxies shard shards queue queues batch mesh pod pods
		commit commits merge debug hack hackathon keynote meetup newsletter tutorial tutorials`)
	articles = words("a an the this that its our their no each every any some my your")
	months   = words("january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec")

	particles       = words("van von de der den del della di da do dos das du le la las los el al bin ibn ben bint abu ter ten te zu zum zur af av i y e und san santa mac st thi van abd ould vom het op بن ابن ابو ام ال عبد بنت")
	formerNameWords = words("nee ne geb geborene rod rodena roz rozena born formerly maiden prev aka alias ex she her hers he him his they them theirs ze zir er ihm sie ihr on ona elle lui ella")

	// titles and suffixes are not names; suffixes count only after a name.
	titles   = words("dr prof professor mr mrs ms mx sir ing mgr bc phdr mudr mvdr judr rndr paeddr thdr thlic icdr csc drsc dsc doc docent dipl mag diploming drs mba emba phd dphil msc bsc meng beng llm llb esq cpa cfa acca pmp mphil edd psyd dba herr frau mme mlle señor sra srta dott dottssa avv inz hab lic univ dis artd mpa mph med pe cissp csm cspo itil prince2 shrmcp shrmscp sphr phr ccie ccna ccnp cism cisa crisc fcca aca cima cipd mcips frm caia cfp aia leed pmpr togaf safe lion openers drhab habil dring dripl dipling diplomingenieur")
	suffixes = words("jr sr junior senior ii iii iv ml st dr ret kbe obe mbe cbe om qc kc mp vii viii")

	// credentials are degrees that only their capitals distinguish from names.
	credentials = words("MA BA MS BS MD JD DO PE RN CA BE MCA BCA CPO BBA RN NP PA PT OT MPP DDS DVM MBE OBE CBE KBE OM LLM CSM PSM AI IT HR UX UI QA SAFe ACCA SPHR PHR")

	roleWords = words(`engineer engineers engineering developer developers development programmer coder manager managers management director directors head lead leader leadership
		senior junior principal staff chief officer ceo cto cfo coo cio cmo cpo ciso cro vp svp evp founder cofounder owner entrepreneur president chairman chairwoman
		data software product project program programme full stack fullstack frontend backend devops cloud security system systems network analyst analytics architect
		designer design scientist science researcher research consultant consulting adviser advisor specialist expert coach trainer teacher lecturer student graduate
		intern freelance freelancer contractor remote recruiter recruiting recruitment recruit talent sourcer hiring hire hires certified certification professional practitioner
		enthusiast evangelist speaker author blogger writer mentor investor sales marketing accountant accounting finance financial controller auditor lawyer attorney
		administrator admin assistant coordinator executive technician operator tester agile scrum devsecops sre qa ux ui hr it ai ml looking seeking available open work job jobs opportunities opportunity
		helping building making creating passionate building team teams business partner growth digital technology technical tech solutions services machine learning deep member linkedin user anonymous confidential unknown profile private
		vyvojar programator manazer manazerka riaditel riaditelka konzultant konzultantka inzinier inzinierka veduci veduca ucitel entwickler entwicklerin ingenieur berater geschaftsfuhrer
		leiter leiterin programista inzynier kierownik dyrektor fejleszto mernok ingeniero desarrollador gerente consultor ingenieur developpeur directeur directrice chef gestionnaire`)

	firmWords = words(`s r o a spol sro as gmbh ag kg ug ltd llc llp inc corp corporation co company limited plc sa sas sarl srl spa bv nv oy ab aps kft zrt bt doo dd sp z oo ood eood ou sia uab
		partners partner sons son syn synovia bros brothers family and und et i y e consulting consultants consultancy consult soft software solutions systems labs lab studio studios
		design designs group holding holdings ventures venture capital invest investments legal law advokat advokati advokatska kancelaria attorneys associates trading trade services service
		media digital tech technologies technology it web photo photography art architects architecture global international coaching academy freelance online shop store construction
		stav bau build builders development dev data ai analytics marketing agency creative productions ateliers atelier works werke works the de a`)

	honorifics        = words("mr mrs ms miss mx dr prof professor sir madam ing mgr bc judr mudr phdr herr herrn frau pan pana panu panom pani paní panie monsieur madame mme mlle signor signora sig senor senora sr sra don dona hr fru fr herra rouva candidate named name colleague colleagues founder")
	humanVerbs        = words("led leads wrote writes joined joins managed manages mentored mentors mentions mentioned holds founded cofounded built designed architected worked works moved lives lived graduated studied studies speaks spoke prefers preferred knows lacks owns owned says said told explains explained thinks wants wanted asks asked started spent oversaw oversees hired taught teaches contributed contributes coached coaches presented published earned received relocated left migrated reported delivered demonstrates demonstrated possesses excels excelled applied resigned shipped authored handled ran headed heads directs directed supervises supervised helped seems appears hat leitete arbeitete viedol viedla pracoval pracovala ma vedie dirige travaille a lidera trabajo")
	generalVerbs      = words("is was has had does did brings shows runs takes makes gets gives goes went came comes became becomes grew drove drives uses builds creates develops designs provides specialises specializes focuses combines stands offers fits matches meets understands made took gave got kept cut set began won sold brought held thought felt chose can could would should might must never also recently previously currently successfully just now who may will tiene fue ha trabaja trabajo lidero est dirige travaille possede ist war leitet arbeitet bringt tem foi trabalha mal mala je bol bola byl byla vedl vedla pracuje riadi riadil jest kierowal prowadzi prowadzil van volt dolgozik vezet vezette è")
	timeWords         = words("in since until till from to by of during late early mid last next this and for between before after on around circa through end start beginning every each month")
	meetingVerbs      = words("hire interview invite contact ask asked tell told met meet recommend recommended interviewed hired recruit call email thank thanks told approach")
	personalNouns     = words("team career experience background profile resume cv skills skill portfolio strengths strength paper papers work role english german reports report manager tenure projects project previous last first own leadership track expertise achievements education degree location salary notice english talk book blog code github linkedin colleagues mentor")
	honorificSuffixes = strings.Fields("先生 女士 小姐 老师 经理 总 工 同学 さん 様 氏 君 くん ちゃん 先輩 部長 씨 님 군 양 선생 대리 과장 부장 팀장 さま")

	doubleSurnames = words("欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 司徒 东方 東方 独孤 南宫 南宮 夏侯 皇甫 尉迟 尉遲 公孙 公孫 慕容 长孙 長孫 令狐 남궁 선우 황보 제갈 독고 사공 서문")

	places = words(`africa america asia europe australia austin paris london sydney dallas houston jackson lincoln washington madison florence chelsea brooklyn jordan israel georgia virginia
		carolina india china chad kenya vienna verona milan roma rome adelaide victoria charlotte orlando savannah dakota montana phoenix denver devon kent berlin york lancaster
		hamilton wellington cleveland santiago diego francisco lima troy petra sofia odessa bristol oxford cambridge boston atlanta chicago seattle portland nashville memphis
		miami tampa detroit aurora alexandria geneva lisbon lourdes valencia barcelona madrid seville salvador leon cordoba granada tours nice lyon nancy lille
		brest nantes bern basel zurich bonn essen ulm trier kiel bremen hamburg munich dresden leipzig cologne vilnius riga tallinn warsaw prague brno bratislava kosice nitra zilina trnava presov
		trencin budapest pecs szeged ljubljana maribor zagreb split belgrade sarajevo skopje tirana athens cyprus malta ireland scotland wales england britain france germany austria
		italy spain portugal poland slovakia czechia hungary slovenia croatia serbia romania bulgaria greece turkey ukraine russia belarus lithuania latvia estonia finland sweden norway
		denmark iceland netherlands holland belgium luxembourg switzerland slovak czech nemec japan korea singapore malaysia indonesia thailand vietnam philippines pakistan bangladesh nepal
		iran iraq syria lebanon egypt morocco tunisia algeria nigeria ghana ethiopia uganda tanzania rwanda canada mexico brazil argentina chile peru colombia cuba panama jamaica
		delhi mumbai pune chennai bangalore hyderabad kolkata tokyo osaka kyoto seoul busan beijing shanghai hong kong manila hanoi saigon jakarta dubai doha cairo nairobi lagos
		texas california florida ohio utah nevada arizona oregon idaho kansas iowa missouri michigan wisconsin illinois indiana kentucky tennessee alabama louisiana arkansas oklahoma
		maine vermont delaware maryland jersey pennsylvania connecticut massachusetts hampshire essex sussex surrey york durham chester windsor warwick stafford preston bolton burton
		lincoln derby kingston ashton clifton hudson carson irving arlington aberdeen perth melbourne brisbane darwin newcastle wellington auckland regina winnipeg calgary trinidad tobago
		albany dallas laurel camden salem bethany houston marion monroe jefferson franklin clinton raleigh tyler garland plano mesa santa san los las el linz graz wels tyrol silesia moravia bohemia
		slovensko cesko cechy morava nemecko rakusko madarsko polsko rusko polska niemcy czechy wegry rossiya german english french spanish italian polish danish dutch irish scottish welsh norman roman`)

	tools = words(`markdown go golang rust swift ruby java javascript python julia pascal ada dart kotlin elm crystal haskell jenkins maven spring angular react vue ember cassandra kafka hive spark oracle
		redis mongo docker travis jasper django flask tornado celery cypress jade jest mocha chai gatsby scala clojure erlang elixir phoenix stan lua perl prolog apache cobalt tableau looker
		snowflake airflow beam flink storm heron pandas sage wolfram bash fish vim emacs atom claude alexa cortana siri watson gemini llama bert elmo unity maya blender nomad consul vault
		terraform puppet chef ansible salt lambda athena aurora neptune iris titan groovy grails hugo jekyll laravel symfony rails node deno bun svelte ionic flutter xamarin cordova hadoop
		impala druid presto trino dremio polly rex sumerian hibernate struts tomcat jetty nginx envoy linkerd helm argo flux tekton rancher vagrant packer splunk grafana prometheus jaeger
		kibana sentry jira slack figma sketch zeplin invision miro notion asana trello monday excel word access power sap hana abap salesforce lightning einstein marketo hubspot mercury
		selenium cucumber robot karate gatling locust taurus puppeteer playwright stripe twilio segment amplitude mixpanel braze iterable firebase supabase prisma knex mongoose sequelize
		lisp scheme racket idris agda coq lean simula logo eiffel fortran cobol basic delphi matlab octave maple gurobi cplex mint ubuntu debian fedora arch suse centos solaris ajax alpine
		bootstrap foundation tailwind sass less stylus grunt gulp bower rollup parcel nest next nuxt remix astro hapi koa sails meteor backbone polymer lit mithril preact
		julius amber ivy velvet opal jasmine karma dagger koin guava lombok mockito junit spock gradle ant ivy bazel buck pants otto june scrum kanban lean agile six sigma prince
		aws gcp azure ibm sql nosql mysql postgres sqlite hbase neo4j arango couch dynamo aerospike scylla vertica teradata netezza greenplum exadata informatica talend pentaho fivetran dbt`)

	// givenNames are tools and months that are more often first names.
	givenNames = words("jan julia ada pascal hugo claude maya amber jasper travis iris jade cassandra stan april june julius jasmine ivy ruby petra sofia jordan charlotte victoria madison jackson austin florence georgia virginia carolina chelsea adelaide chad")

	// brands are companies and products that are named like a person.
	brands = phrases(`john deere|ernst young|morgan stanley|jpmorgan chase|jp morgan chase|j p morgan|jp morgan|baker hughes|baker mckenzie|wells fargo|goldman sachs|merrill lynch|lehman brothers|bear stearns|charles schwab|
		edward jones|robert bosch|robert half|robert walters|michael page|thomas cook|thomas cooks|thomson reuters|john lewis|marks spencer|johnson johnson|johnson controls|procter gamble|
		louis vuitton|calvin klein|ralph lauren|tommy hilfiger|hugo boss|marc jacobs|michael kors|tom ford|giorgio armani|christian dior|yves saint laurent|dolce gabbana|ben jerry|ben jerrys|
		jack daniel|jack daniels|johnnie walker|jim beam|harley davidson|rolls royce|aston martin|alfa romeo|mercedes benz|hewlett packard|arthur andersen|arthur d little|oliver wyman|
		roland berger|booz allen|booz allen hamilton|dun bradstreet|clifford chance|allen overy|white case|jones day|kirkland ellis|latham watkins|sullivan cromwell|price waterhouse|
		jane street|two sigma|raymond james|franklin templeton|t rowe price|stanley black decker|black decker|smith wesson|smith nephew|barnes noble|abercrombie fitch|williams sonoma|
		simon kucher|willis towers watson|marsh mclennan|russell reynolds|heidrick struggles|spencer stuart|egon zehnder|korn ferry|hays|morgan mckinley|frank recruitment|harvey nash|kelly services|
		leo burnett|ogilvy mather|young rubicam|saatchi saatchi|johns hopkins|carnegie mellon|king s college|kings college|st andrews|william mary|mary kay|wendy s|sara lee|dr oetker|dr martens|
		papa john s|victoria s secret|levi strauss|estee lauder|elizabeth arden|max mara|max factor|max planck|paul smith|ted baker|jimmy choo|vera bradley|kate spade|tiffany co|mark anthony|
		grant thornton|rose hulman|martin marietta|lockheed martin|general dynamics|northrop grumman|pratt whitney|taylor wessing|dentons|dla piper|bird bird|noerr|norton rose|mayer brown|hogan lovells|
		ford motor|dell technologies|wolfram research|adam opel|carl zeiss|karl storz|ernst klett|axel springer|hubert burda|werner enterprises|klaus union|franz haniel|friedrich naumann|konrad adenauer|
		brown university|duke university|rice university|stanford university|tomas bata|eli lilly|viet nam|skoda auto|jan becher|tatra banka`)

	brandWords = words(`morgan stanley goldman sachs ernst deloitte ford dell tesla mercedes benz chase jpmorgan wells fargo lloyd lloyds barclay barclays baker hughes marsh mckinsey bain accenture
		siemens bosch porsche heinz kellogg kelloggs johnson procter gamble lehman merrill lynch schwab lauren klein hilfiger abbott pfizer merck lilly mars nestle ferrero lindt boeing airbus lockheed
		northrop grumman halliburton schlumberger chevron shell hewlett packard xerox kodak philips honda toyota suzuki yamaha kawasaki mitsubishi sumitomo mitsui nomura matsuda mazda ishikawa
		tata birla mahindra godrej bajaj infosys wipro samsung hyundai daewoo kia lenovo huawei skoda bata tatra porsche daimler benz opel audi adidas puma nike disney warner marriott hilton
		hyatt sheraton walton walmart macy macys wendy wendys mcdonalds cadbury tesco sainsbury morrisons asda harrods selfridge boots dyson cisco oracle adobe intel nokia ericsson
		heineken guinness carlsberg bacardi martini campari ferrari maserati lamborghini bugatti renault peugeot citroen michelin dassault danone hermes chanel dior cartier gucci prada versace armani
		bayer henkel miele thyssen krupp bertelsmann springer otto allianz hays randstad adecco manpower kelly harvey thomson reuters bloomberg moody moodys fitch standard poor poors nasdaq
		roche novartis sandoz zeiss leica braun siemens osram linde voith trumpf festo wurth bechtle haniel haribo oetker tchibo jacobs stanford harvard yale duke princeton cornell brown rice
		hopkins mellon carnegie rockefeller gates jobs penn wharton kellogg booth sloan stern haas ross kelley goizueta vodafone orange amazon apple google meta alphabet stripe square plaid
		ramp brex gusto rippling zendesk palantir asana slack twitter uber lyft bolt grab gojek booking agoda airbnb expedia ryanair wizz easyjet lufthansa raiffeisen erste credit suisse ubs`)

	// mostlyNames are words that are nearly always names when capitalised.
	mostlyNames = words("doe smith bob jack chuck nick pat ray sue don kit wren wade dan tony harry josh jenny rob fred ted ned jim joe tom tim jay lee sally polly molly carol sandy victor")

	// foreignWords are names that are also words: of other languages, rare
	// ones of English, and those for religions and peoples.
	foreignWords = words(`mason hunter swift baker carter cooper parker porter potter turner walker miller fisher butler barber carver dyer fowler gardener glover harper hooper shepherd skinner slater
		spicer tanner tucker tyler weaver webb wheeler archer bowman chandler clark cook foster gunner page palmer piper sawyer sexton shearer smith ruby pearl jade amber opal crystal lily ivy holly
		violet daisy iris poppy fern heather hazel olive olivia rosemary basil sage ginger cherry candy penny dawn eve autumn summer winter raven robin jay wren finch drake swan hawk crane peacock
		fox wolf lamb bear buck colt bull pike bass salmon cod herring trout ray finn reed rush moss heath marsh moor glen dale cliff brook burn beck ford banks shore sandy stone flint rocky clay
		jasper garnet sterling pierce lance spear dart bolt rod rusty dusty misty stormy sunny rich dick jack bob rob nick mick pat peg peggy bill josh jimmy harry sally polly dolly molly kitty
		carol melody harmony cadence aria viola grace faith hope joy mercy charity prudence patience constance temperance verity felicity clemency chastity destiny trinity angel christian dominic bishop
		abbott pope deacon priest dean earl duke baron count marquis prince major sergeant noble royal regal victor max miles marshall mark grant frank ernest guy art gene will wade drew rose rice
		young long short small little strong wise sharp bright blunt savage wild moody gay grey gray green brown black white silver golden scarlet rust love hart hood hook horn house cross church
		temple hall gates bridges street lane park parks field fields woods forest rivers lake ocean rain snow frost day week monday sunday friday august june april may march king queen knight
		singer power powers best goodman hardy pagan child childs childers trump bush moon sun star sky dodge chance champion case chase gamble guest hand head foot legge back beard

		maly velky vesely smutny tichy dlhy kratky novy stary mlady cerny biely bily cierny zeleny modry cerveny sladky horky suchy mokry silny slaby bohaty chudy smely mudry pekny krasny zlaty
		kral kovac kovar mlynar krajci rybar polak slovak cech nemec horvat madar rus zeman sedlak hudec hudak zima leto jaro podzim vlk zajac zajic medved jelen holub slavik sokol orol orel vrana
		kohut kocur had hruska jablko slivka ruzicka kvet kvetina hora skala kamen potok more svet mier laska radost nadej svoboda sloboda pokora statny viera vera zora jasny

		koch richter schneider bauer klein gross lang jung winter sommer vogel wolf fuchs schafer jager fischer muller schmidt weber meister wagner zimmermann maurer maler metzger schreiner kaiser konig
		herzog furst graf ritter krieger schwarz weiss braun roth grun engel teufel sonntag freitag herbst fruhling berg thal baum stein busch rose blum gut recht frei stolz reich hahn schulz

		luz mar sol cruz flores reyes iglesias leon rosa paz blanco moreno rubio calle delgado gordo bueno guerra rey angel santos campos rios torres castillo fuentes mercado franco
		petit grand leblanc lenoir leroy roy blanc noir roux boucher boulanger charpentier fleur lefort legrand mercier meunier picard rousseau
		rossi bianchi ricci bruno conti ferrari leone marino monti serra villa fiore gallo russo greco costa
		costa silva rocha pereira oliveira carvalho pinto lobo coelho branco preto leal
		kowal mlody nowy wilk zajac lis kot krol mazur polak czech szary bialy czarny
		kis nagy kovacs szabo molnar varga vadasz farkas fekete feher voros kiraly balogh nemeth horvath toth olah lengyel szel so`)
)

// nicknames returns the nicknames of a name. All are in Latin letters and lower
// case.
var nicknames = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(nicknameList) {
		names := strings.Fields(line)
		for i, name := range names {
			for j, other := range names {
				// Each nickname replaces the name, but two of them do not always
				// replace each other.
				if i != j && (i == 0 || j == 0) {
					all[name] = append(all[name], other)
				}
			}
		}
	}
	return all
})

// nicknameList has a name and its nicknames on each line.
//
//go:embed nicknames.txt
var nicknameList string

// maxEnding is the length of the longest of endings, in letters.
const maxEnding = 7

// endings are the skeletons of what may follow the stem of an inflected name.
var endings = words(`a u e i o om em am im um m ov ova ove ovi ovu ovei ovo ovim ovie ovih ho mu ei eo ia iu iom iem ii ami imi ih ah eh ego emu imi ogo omu oi eiu ovho ovmu eho oho iei iego iemu
		nak nek t ot ban ben ba be hoz hez tol tel rol rel ra re nal nel val vel al el ert kent ek
		n la le lta sa sta na ta ksi ele ela elta esa esta en
		ui as is os ien iene s sen lui ului ul
		ma it ad isa ze ar ur in ina inu inei inom`)

// scripts are those without capitals that are treated separately.
var scripts = strings.Fields("Hebrew Arabic Georgian Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Oriya Sinhala Ethiopic Mongolian Tibetan")

// scriptOf returns the name of a letter's script if it is one of scripts, or "".
func scriptOf(r rune) string {
	for _, name := range scripts {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return ""
}
