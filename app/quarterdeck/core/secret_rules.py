"""Shapes of secrets by who gives them out: `python tests/secret_rules.py` makes this from gitleaks' rules.

A line of `FORMAT_RULES` is a name, what a lower-case text must hold for it to be tried, the least entropy, and the
pattern. A word of `COMPANIES` is a company's name and what its keys look like, where nothing else tells of them:
`GIVEN` stands between the two.

The rules are those of gitleaks (https://github.com/gitleaks/gitleaks), rewritten from Go's syntax, which come with
this notice:

MIT License

Copyright (c) 2019 Zachary Rice

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

FORMAT_RULES = r"""1password-secret-key	a3-	0	(?<![A-Za-z0-9])A3-[A-Z0-9]{6}-(?:(?:[A-Z0-9]{11})|(?:[A-Z0-9]{6}-[A-Z0-9]{5}))-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}\b
1password-service-account-token	ops_	0	ops_eyJ[a-zA-Z0-9+/]{250,650}={0,3}
adobe-client-secret	p8e-	0	(?<![A-Za-z0-9])(p8e-(?i:[a-z0-9]{32}))(?![\w+/-])
age-secret-key	age-secret-key-1	0	AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}
airtable-personnal-access-token	airtable	0	(?<![A-Za-z0-9])(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b
anthropic-admin-api-key	sk-ant-admin01	0	(?<![A-Za-z0-9])(sk-ant-admin01-[a-zA-Z0-9_\-]{93}AA)(?![\w+/-])
anthropic-api-key	sk-ant-api03	0	(?<![A-Za-z0-9])(sk-ant-api03-[a-zA-Z0-9_\-]{93}AA)(?![\w+/-])
artifactory-api-key	akcp	0	(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{69}\b
artifactory-reference-token	cmvmd	0	(?<![A-Za-z0-9])cmVmd[A-Za-z0-9]{59}\b
atlassian-api-token	atlassian|confluence|jira|atatt3	3.5	(?i)(?:(?-i:ATLASSIAN|[Aa]tlassian)|(?-i:CONFLUENCE|[Cc]onfluence)|(?-i:JIRA|[Jj]ira))(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{20}[a-f0-9]{4})(?![\w+/-])|\b(ATATT3[A-Za-z0-9_\-=]{186})(?![\w+/-])
authress-service-client-access-key	sc_|ext_|scauth_|authress_	0	(?<![A-Za-z0-9])((?:sc|ext|scauth|authress)_(?i:[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.(?-i:acc)[_-][a-z0-9-]{10,32}\.[a-z0-9+/_=-]{30,120}))(?![\w+/-])
aws-access-token	a3t|akia|asia|abia|acca	0	(?<![A-Za-z0-9])((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b
aws-amazon-bedrock-api-key-long-lived	absk	0	(?<![A-Za-z0-9])(ABSK[A-Za-z0-9+/]{109,269}={0,2})(?![\w+/-])
azure-ad-client-secret	q~	0	(?:^|[\\'"\x60\s>=:(,)])([a-zA-Z0-9_~.]{3}\dQ~[a-zA-Z0-9_~.-]{31,34})(?:$|[\\'"\x60\s<),])
cisco-meraki-api-key	meraki	3	(?i:(?:(?-i:[Mm]eraki|MERAKI))(?:[ \t\w.-]{0,20})[ \t'"]{0,3})(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([0-9a-f]{40})(?![\w+/-])
clickhouse-cloud-api-secret-key	4b1d	0	(?<![A-Za-z0-9])(4b1d[A-Za-z0-9]{38})\b
clojars-api-token	clojars_	0	(?i)CLOJARS_[a-z0-9]{60}
cloudflare-origin-ca-key	cloudflare|v1.0-	0	(?<![A-Za-z0-9])(v1\.0-[a-f0-9]{24}-[a-f0-9]{146})(?![\w+/-])
cohere-api-token	cohere|co_api_key	4	(?i:(?:cohere|CO_API_KEY)(?:[ \t\w.-]{0,20})[ \t'"]{0,3})(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-zA-Z0-9]{40})(?![\w+/-])
databricks-api-token	dapi	0	(?<![A-Za-z0-9])(dapi[a-f0-9]{32}(?:-\d)?)(?![\w+/-])
digitalocean-access-token	doo_v1_	0	(?<![A-Za-z0-9])(doo_v1_[a-f0-9]{64})(?![\w+/-])
digitalocean-pat	dop_v1_	0	(?<![A-Za-z0-9])(dop_v1_[a-f0-9]{64})(?![\w+/-])
digitalocean-refresh-token	dor_v1_	0	(?i)(?<![A-Za-z0-9])(dor_v1_[a-f0-9]{64})(?![\w+/-])
doppler-api-token	dp.pt.	0	dp\.pt\.(?i:[a-z0-9]{43})
duffel-api-token	duffel_	0	duffel_(?:test|live)_(?i:[a-z0-9_\-=]{43})
dynatrace-api-token	dt0c01.	0	dt0c01\.(?i:[a-z0-9]{24}\.[a-z0-9]{64})
easypost-api-token	ezak	0	(?<![A-Za-z0-9])EZAK(?i:[a-z0-9]{54}\b)
easypost-test-api-token	eztk	0	(?<![A-Za-z0-9])EZTK(?i:[a-z0-9]{54}\b)
etsy-access-token	etsy	3	(?i)(?:(?-i:ETSY|[Ee]tsy))(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{24})(?![\w+/-])
facebook-page-access-token	eaam|eaac	0	(?<![A-Za-z0-9])(EAA[MC](?i:[a-z0-9]{100,500}))(?![\w+/-])
facebook-secret	facebook	3	(?i)(?:facebook)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-f0-9]{32})(?![\w+/-])
flutterwave-encryption-key	flwseck_test	0	FLWSECK_TEST-(?i:[a-h0-9]{12})
flutterwave-secret-key	flwseck_test	0	FLWSECK_TEST-(?i:[a-h0-9]{32}-X)
flyio-access-token	fo1_|fm1|fm2_	0	(?<![A-Za-z0-9])((?:fo1_[\w-]{43}|fm1[ar]_[a-zA-Z0-9+\/]{100,500}={0,3}|fm2_[a-zA-Z0-9+\/]{100,500}={0,3}))(?![\w+/-])
frameio-api-token	fio-u-	0	fio-u-(?i:[a-z0-9\-_=]{64})
gcp-api-key	aiza	0	(?<![A-Za-z0-9])(AIza[\w-]{35})(?![\w+/-])
github-app-token	ghu_|ghs_	0	(?:ghu|ghs)_[0-9a-zA-Z]{36}
github-fine-grained-pat	github_pat_	0	github_pat_\w{82}
github-oauth	gho_	0	gho_[0-9a-zA-Z]{36}
github-pat	ghp_	0	ghp_[0-9a-zA-Z]{36}
github-refresh-token	ghr_	0	ghr_[0-9a-zA-Z]{36}
gitlab-cicd-job-token	glcbt-	0	glcbt-[0-9a-zA-Z]{1,5}_[0-9a-zA-Z_-]{20}
gitlab-deploy-token	gldt-	0	gldt-[0-9a-zA-Z_\-]{20}
gitlab-feature-flag-client-token	glffct-	0	glffct-[0-9a-zA-Z_\-]{20}
gitlab-feed-token	glft-	0	glft-[0-9a-zA-Z_\-]{20}
gitlab-incoming-mail-token	glimt-	0	glimt-[0-9a-zA-Z_\-]{25}
gitlab-kubernetes-agent-token	glagent-	0	glagent-[0-9a-zA-Z_\-]{50}
gitlab-oauth-app-secret	gloas-	0	gloas-[0-9a-zA-Z_\-]{64}
gitlab-pat	glpat-	0	glpat-[\w-]{20}
gitlab-pat-routable	glpat-	0	(?<![A-Za-z0-9])glpat-[0-9a-zA-Z_-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}\b
gitlab-ptt	glptt-	0	glptt-[0-9a-f]{40}
gitlab-rrt	gr1348941	0	GR1348941[\w-]{20}
gitlab-runner-authentication-token	glrt-	0	glrt-[0-9a-zA-Z_\-]{20}
gitlab-runner-authentication-token-routable	glrt-	0	(?<![A-Za-z0-9])glrt-t\d_[0-9a-zA-Z_\-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}\b
gitlab-scim-token	glsoat-	0	glsoat-[0-9a-zA-Z_\-]{20}
gitlab-session-cookie	_gitlab_session=	0	_gitlab_session=[0-9a-z]{32}
gocardless-api-token	live_|gocardless	2	(?i)(?:gocardless)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}(live_(?i:[a-z0-9\-_=]{40}))(?![\w+/-])
grafana-api-key	eyjrijoi	0	(?i)(?<![A-Za-z0-9])(eyJrIjoi[A-Za-z0-9]{70,400}={0,3})(?![\w+/-])
grafana-cloud-api-token	glc_	0	(?i)(?<![A-Za-z0-9])(glc_[A-Za-z0-9+/]{32,400}={0,3})(?![\w+/-])
grafana-service-account-token	glsa_	0	(?i)(?<![A-Za-z0-9])(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})(?![\w+/-])
harness-api-key	pat.|sat.	0	(?:pat|sat)\.[a-zA-Z0-9_-]{22}\.[a-zA-Z0-9]{24}\.[a-zA-Z0-9]{20}
hashicorp-tf-api-token	atlasv1	0	(?i)[a-z0-9]{14}\.(?-i:atlasv1)\.[a-z0-9\-_=]{60,70}
heroku-api-key-v2	hrku-aa	0	(?<![A-Za-z0-9])((HRKU-AA[0-9a-zA-Z_-]{58}))(?![\w+/-])
huggingface-access-token	hf_	0	(?<![A-Za-z0-9])(hf_(?i:[a-z]{34}))(?![\w+/-])
huggingface-organization-api-token	api_org_	0	(?<![A-Za-z0-9])(api_org_(?i:[a-z]{34}))(?![\w+/-])
infracost-api-token	ico-	0	(?<![A-Za-z0-9])(ico-[a-zA-Z0-9]{32})(?![\w+/-])
intra42-client-secret	intra|s-s4t2ud-|s-s4t2af-	0	(?<![A-Za-z0-9])(s-s4t2(?:ud|af)-(?i:[abcdef0123456789]{64}))(?![\w+/-])
jwt-base64	zxlk	0	(?<![A-Za-z0-9])ZXlK(?:(?P<alg>aGJHY2lPaU)|(?P<apu>aGNIVWlPaU)|(?P<apv>aGNIWWlPaU)|(?P<aud>aGRXUWlPaU)|(?P<b64>aU5qUWlP)|(?P<crit>amNtbDBJanBi)|(?P<cty>amRIa2lPaU)|(?P<epk>bGNHc2lPbn)|(?P<enc>bGJtTWlPaU)|(?P<jku>cWEzVWlPaU)|(?P<jwk>cWQyc2lPb)|(?P<iss>cGMzTWlPaU)|(?P<iv>cGRpSTZJ)|(?P<kid>cmFXUWlP)|(?P<key_ops>clpYbGZiM0J6SWpwY)|(?P<kty>cmRIa2lPaUp)|(?P<nonce>dWIyNWpaU0k2)|(?P<p2c>d01tTWlP)|(?P<p2s>d01uTWlPaU)|(?P<ppt>d2NIUWlPaU)|(?P<sub>emRXSWlPaU)|(?P<svt>emRuUWlP)|(?P<tag>MFlXY2lPaU)|(?P<typ>MGVYQWlPaUp)|(?P<url>MWNtd2l)|(?P<use>MWMyVWlPaUp)|(?P<ver>MlpYSWlPaU)|(?P<version>MlpYSnphVzl1SWpv)|(?P<x>NElqb2)|(?P<x5c>NE5XTWlP)|(?P<x5t>NE5YUWlPaU)|(?P<x5ts256>NE5YUWpVekkxTmlJNkl)|(?P<x5u>NE5YVWlPaU)|(?P<zip>NmFYQWlPaU))[a-zA-Z0-9\/\\_+\-\r\n]{40,440}={0,2}
linear-api-key	lin_api_	0	lin_api_(?i:[a-z0-9]{40})
linkedin-client-secret	linkedin|linked_in|linked-in	2	(?i)(?:linked[_-]?in)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{16})(?![\w+/-])
lob-api-key	test_|live_	2	(?i)(?:lob)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}((live|test)_[a-f0-9]{35})(?![\w+/-])
lob-pub-api-key	test_pub|live_pub|_pub	2	(?i)(?:lob)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}((test|live)_pub_[a-f0-9]{31})(?![\w+/-])
mailchimp-api-key	mailchimp	2	(?i)(?:MailchimpSDK.initialize|mailchimp)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-f0-9]{32}-us\d\d)(?![\w+/-])
maxmind-license-key	_mmk	0	(?<![A-Za-z0-9])([A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk)(?![\w+/-])
messagebird-api-token	messagebird|message-bird|message_bird	2	(?i)(?:message[_-]?bird)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{25})(?![\w+/-])
microsoft-teams-webhook	webhook.office.com|webhookb2|incomingwebhook	0	https://[a-z0-9]{1,60}\.webhook\.office\.com/webhookb2/[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}@[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}
new-relic-insert-key	nrii-	2	(?i)(?:new-relic|newrelic|new_relic)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}(NRII-[a-z0-9-]{32})(?![\w+/-])
new-relic-user-api-key	nrak	2	(?i)(?:new-relic|newrelic|new_relic)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}(NRAK-[a-z0-9]{27})(?![\w+/-])
notion-api-token	ntn_	0	(?<![A-Za-z0-9])(ntn_[0-9]{11}[A-Za-z0-9]{32}[A-Za-z0-9]{3})(?![\w+/-])
npm-access-token	npm_	0	(?i)(?<![A-Za-z0-9])(npm_[a-z0-9]{36})(?![\w+/-])
nytimes-access-token	nytimes|new-york-times|newyorktimes	2	(?i)(?:nytimes|new-york-times,|newyorktimes)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9=_\-]{32})(?![\w+/-])
octopus-deploy-api-key	api-	0	(?<![A-Za-z0-9])(API-[A-Z0-9]{26})(?![\w+/-])
okta-access-token	okta	4	(?i:(?:(?-i:[Oo]kta|OKTA))(?:[ \t\w.-]{0,20})[ \t'"]{0,3})(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}(00[\w=\-]{40})(?![\w+/-])
openai-api-key	t3blbkfj	0	(?<![A-Za-z0-9])(sk-(?:proj|svcacct|admin)-(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})T3BlbkFJ(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})\b|sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20})(?![\w+/-])
openshift-user-token	sha256~	0	(?<![A-Za-z0-9])(sha256~[\w-]{43})(?![\w+/-])
perplexity-api-key	pplx-	0	(?<![A-Za-z0-9])(pplx-[a-zA-Z0-9]{48})(?![\w+/-])
plaid-secret-key	plaid	3.5	(?i)(?:plaid)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{30})(?![\w+/-])
planetscale-api-token	pscale_tkn_	0	(?<![A-Za-z0-9])(pscale_tkn_(?i:[\w=\.-]{32,64}))(?![\w+/-])
planetscale-oauth-token	pscale_oauth_	0	(?<![A-Za-z0-9])(pscale_oauth_[\w=\.-]{32,64})(?![\w+/-])
planetscale-password	pscale_pw_	0	(?i)(?<![A-Za-z0-9])(pscale_pw_(?i:[\w=\.-]{32,64}))(?![\w+/-])
postman-api-token	pmak-	0	(?<![A-Za-z0-9])(PMAK-(?i:[a-f0-9]{24}\-[a-f0-9]{34}))(?![\w+/-])
prefect-api-token	pnu_	0	(?<![A-Za-z0-9])(pnu_[a-zA-Z0-9]{36})(?![\w+/-])
privateai-api-token	privateai|private_ai|private-ai	3	(?i:(?:private[_-]?ai)(?:[ \t\w.-]{0,20})[ \t'"]{0,3})(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{32})(?![\w+/-])
pulumi-api-token	pul-	0	(?<![A-Za-z0-9])(pul-[a-f0-9]{40})(?![\w+/-])
pypi-upload-token	pypi-ageichlwas5vcmc	0	pypi-AgEIcHlwaS5vcmc[\w-]{50,1000}
readme-api-token	rdme_	0	(?<![A-Za-z0-9])(rdme_[a-z0-9]{70})(?![\w+/-])
rubygems-api-token	rubygems_	0	(?<![A-Za-z0-9])(rubygems_[a-f0-9]{48})(?![\w+/-])
scalingo-api-token	tk-us-	0	(?<![A-Za-z0-9])(tk-us-[\w-]{48})(?![\w+/-])
sendgrid-api-token	sg.	0	(?<![A-Za-z0-9])(SG\.(?i:[a-z0-9=_\-\.]{66}))(?![\w+/-])
sendinblue-api-token	xkeysib-	0	(?<![A-Za-z0-9])(xkeysib-[a-f0-9]{64}\-(?i:[a-z0-9]{16}))(?![\w+/-])
sentry-access-token	sentry	3	(?i)(?:sentry)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-f0-9]{64})(?![\w+/-])
sentry-org-token	sntrys_eyjpyxqio	0	(?<![A-Za-z0-9])sntrys_eyJpYXQiO[a-zA-Z0-9+/]{10,200}(?:LCJyZWdpb25fdXJs|InJlZ2lvbl91cmwi|cmVnaW9uX3VybCI6)[a-zA-Z0-9+/]{10,200}={0,2}_[a-zA-Z0-9+/]{43}(?![\w+/-])
sentry-user-token	sntryu_	0	(?<![A-Za-z0-9])(sntryu_[a-f0-9]{64})(?![\w+/-])
settlemint-application-access-token	sm_aat	0	(?<![A-Za-z0-9])(sm_aat_[a-zA-Z0-9]{16})(?![\w+/-])
settlemint-personal-access-token	sm_pat	0	(?<![A-Za-z0-9])(sm_pat_[a-zA-Z0-9]{16})(?![\w+/-])
settlemint-service-access-token	sm_sat	0	(?<![A-Za-z0-9])(sm_sat_[a-zA-Z0-9]{16})(?![\w+/-])
shippo-api-token	shippo_	0	(?<![A-Za-z0-9])(shippo_(?:live|test)_[a-fA-F0-9]{40})(?![\w+/-])
shopify-access-token	shpat_	0	shpat_[a-fA-F0-9]{32}
shopify-custom-access-token	shpca_	0	shpca_[a-fA-F0-9]{32}
shopify-private-app-access-token	shppa_	0	shppa_[a-fA-F0-9]{32}
shopify-shared-secret	shpss_	0	shpss_[a-fA-F0-9]{32}
sidekiq-secret	bundle_enterprise__contribsys__com|bundle_gems__contribsys__com	2	(?i)(?:BUNDLE_ENTERPRISE__CONTRIBSYS__COM|BUNDLE_GEMS__CONTRIBSYS__COM)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-f0-9]{8}:[a-f0-9]{8})(?![\w+/-])
sidekiq-sensitive-url	gems.contribsys.com|enterprise.contribsys.com	0	(?i)(?<![A-Za-z0-9])https?://([a-f0-9]{8}:[a-f0-9]{8})@(?:gems.contribsys.com|enterprise.contribsys.com)(?:[\/|\#|\?|:]|$)
slack-app-token	xapp	0	(?i)xapp-\d-[A-Z0-9]{1,60}-\d{1,20}-[a-z0-9]{1,60}
slack-bot-token	xoxb	0	xoxb-[0-9]{10,13}-[0-9]{10,13}[a-zA-Z0-9-]{0,60}
slack-config-access-token	xoxe.xoxb-|xoxe.xoxp-	0	(?i)xoxe.xox[bp]-\d-[A-Z0-9]{163,166}
slack-config-refresh-token	xoxe-	0	(?i)xoxe-\d-[A-Z0-9]{146}
slack-legacy-bot-token	xoxb	0	xoxb-[0-9]{8,14}-[a-zA-Z0-9]{18,26}
slack-legacy-token	xoxo|xoxs	0	xox[os]-\d{1,20}-\d{1,20}-\d{1,20}-[a-fA-F\d]{1,60}
slack-legacy-workspace-token	xoxa|xoxr	0	xox[ar]-(?:\d-)?[0-9a-zA-Z]{8,48}
slack-user-token	xoxp-|xoxe-	0	xox[pe](?:-[0-9]{10,13}){3}-[a-zA-Z0-9-]{28,34}
slack-webhook-url	hooks.slack.com	0	(?:https?://)?hooks.slack.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}
snyk-api-token	snyk	2	(?i)(?:snyk[_.-]?(?:(?:api|oauth)[_.-]?)?(?:key|token))(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![\w+/-])
sonar-api-token	sonar	2	(?i)(?:sonar[_.-]?(login|token))(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}((?:squ_|sqp_|sqa_)?[a-z0-9=_\-]{40})(?![\w+/-])
square-access-token	sq0atp-|eaaa	0	(?<![A-Za-z0-9])((?:EAAA|sq0atp-)[\w-]{22,60})(?![\w+/-])
stripe-access-token	sk_test|sk_live|sk_prod|rk_test|rk_live|rk_prod	0	(?<![A-Za-z0-9])((?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99})(?![\w+/-])
sumologic-access-token	sumo	3	(?i)(?:(?-i:[Ss]umo|SUMO))(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}([a-z0-9]{64})(?![\w+/-])
twilio-api-key	sk	0	SK[0-9a-fA-F]{32}
typeform-api-token	tfp_	2	(?i)(?:typeform)(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}(tfp_[a-z0-9\-_\.=]{59})(?![\w+/-])
vault-batch-token	hvb.	0	(?<![A-Za-z0-9])(hvb\.[\w-]{138,300})(?![\w+/-])
vault-service-token	hvs.|s.	0	(?<![A-Za-z0-9])((?:hvs\.[\w-]{90,120}|s\.(?i:[a-z0-9]{24})))(?![\w+/-])
"""
GIVEN = r"""(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}"""
COMPANIES = r"""
adafruit:[a-z0-9_-]{32} airtable:[a-z0-9]{17} algolia:[a-z0-9]{32} alibaba:[a-z0-9]{30} asana:[a-z0-9]{32}
beamer:b_[a-z0-9=_\-]{44} bitbucket:[a-z0-9=_\-]{64} bittrex:[a-z0-9]{32} bittrex:[a-z0-9]{32}
cloudflare:[a-z0-9_-]{40} cloudflare:[a-f0-9]{37} codecov:[a-z0-9]{32} coinbase:[a-z0-9_-]{64} confluent:[a-z0-9]{16}
confluent:[a-z0-9]{64} contentful:[a-z0-9=_\-]{43} datadog:[a-z0-9]{40} dnkey:dnkey-[a-z0-9=_\-]{26}-[a-z0-9=_\-]{52}
discord:[a-f0-9]{64} discord:[a-z0-9=_\-]{32} droneci:[a-z0-9]{32} dropbox:[a-z0-9]{15}
dropbox:[a-z0-9]{11}(AAAAAAAAAA)[a-z0-9\-_=]{43} dropbox:sl\.[a-z0-9\-=_]{135} fastly:[a-z0-9=_\-]{32}
finicity:[a-f0-9]{32} finicity:[a-z0-9]{20} finnhub:[a-z0-9]{20} flickr:[a-z0-9]{32} freshbooks:[a-z0-9]{64}
gitter:[a-z0-9_-]{40} heroku:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
hubspot:[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12} intercom:[a-z0-9=_\-]{60}
jfrog|artifactory|bintray|xray:[a-z0-9]{73} jfrog|artifactory|bintray|xray:[a-z0-9]{64} kraken:[a-z0-9\/=_\+\-]{80,90}
kucoin:[a-f0-9]{24} kucoin:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} launchdarkly:[a-z0-9=_\-]{40}
linear:[a-f0-9]{32} looker:[a-z0-9]{24} mailgun:key-[a-f0-9]{32} mailgun:[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}
mapbox:pk\.[a-z0-9]{60}\.[a-z0-9]{22} mattermost:[a-z0-9]{26} netlify:[a-z0-9=_\-]{40,46}
plaid:access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
rapidapi:[a-z0-9_-]{50} sendbird:[a-f0-9]{40} squarespace:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
telegr:[0-9]{5,16}:(?-i:A)[a-z0-9_\-]{34} travis:[a-z0-9]{22} twitch:[a-z0-9]{30} twitter:[a-z0-9]{45}
twitter:[0-9]{15,25}-[a-zA-Z0-9]{20,40} twitter:[a-z0-9]{25} twitter:[a-z0-9]{50} twitter:A{22}[a-zA-Z0-9%]{80,100}
yandex:t1\.[A-Z0-9a-z_-]{1,60}[=]{0,2}\.[A-Z0-9a-z_-]{86}[=]{0,2} yandex:AQVN[A-Za-z0-9_\-]{35,38}
yandex:YC[a-zA-Z0-9_\-]{38} zendesk:[a-z0-9]{40}
"""
