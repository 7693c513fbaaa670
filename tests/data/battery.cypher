// Reads as people write them for Neo4j 5, each run on both engines by tests/test_store_battery.py.
// A comment "refused" marks one that the embedded engine does not answer but explains.

MATCH (n) RETURN count(n);
MATCH (m:Method) RETURN m.name ORDER BY m.name LIMIT 5;
MATCH (m:Method) RETURN m.name AS name, m.papers AS papers ORDER BY papers DESC, name SKIP 1 LIMIT 3;
MATCH (m:Method {name: 'ResNet'}) RETURN m;
MATCH (m:Method) WHERE m.name = 'ResNet' RETURN m.id, m.aliases;
MATCH (m:Method)-[:EVALUATED_ON]->(d:Dataset) RETURN m.name, d.name ORDER BY m.name, d.name;
MATCH (m:Method)-[r:EVALUATED_ON]->(d:Dataset {name: 'CIFAR-10'}) RETURN m.name, r.papers ORDER BY r.papers DESC, m.name;
MATCH (d:Dataset)<-[:EVALUATED_ON]-(m:Method) RETURN d.name, count(m) AS methods ORDER BY methods DESC, d.name;
MATCH (d:Dataset)<-[:EVALUATED_ON]-(m:Method) RETURN d.name, size(collect(m.name)) AS methods ORDER BY d.name;
MATCH (m:Method)-[r]->(x) RETURN type(r) AS type, count(*) AS n ORDER BY n DESC, type;
MATCH ()-[r]->() RETURN DISTINCT type(r) AS type ORDER BY type;
MATCH (n) RETURN DISTINCT labels(n)[0] AS label ORDER BY label;
MATCH (n) RETURN labels(n) AS labels, count(*) AS n ORDER BY n, labels[0]; // differs
MATCH (p:Paper) WHERE p.year >= 2020 RETURN p.title, p.year ORDER BY p.year, p.title;
MATCH (p:Paper) WHERE p.year IS NULL RETURN p.title;
MATCH (p:Paper) WHERE p.year IS NOT NULL RETURN count(*);
MATCH (p:Paper) WHERE p.title CONTAINS 'Widgets' RETURN p.title ORDER BY p.title;
MATCH (p:Paper) WHERE p.title STARTS WITH 'Gates' RETURN p.title;
MATCH (p:Paper) WHERE p.title ENDS WITH 'Again' RETURN p.title;
MATCH (p:Paper) WHERE toLower(p.title) CONTAINS 'transformer' RETURN p.title;
MATCH (p:Paper) WHERE p.title =~ '(?i).*widget.*' RETURN p.title ORDER BY p.title;
MATCH (p:Paper) WHERE p.year IN [2018, 2022] RETURN p.title ORDER BY p.title;
MATCH (p:Paper) WHERE 'Ada Lovely' IN p.authors RETURN p.title ORDER BY p.title;
MATCH (p:Paper) WHERE p.year > 2018 AND NOT p.title CONTAINS 'Again' RETURN p.title ORDER BY p.title;
MATCH (p:Paper) WHERE p.year = 2018 XOR p.year = 2020 RETURN p.title ORDER BY p.title;
MATCH (p:Paper) RETURN min(p.year), max(p.year), avg(p.year), count(p.year), sum(p.year);
MATCH (p:Paper) RETURN p.year AS year, count(*) AS n ORDER BY year;
MATCH (p:Paper) RETURN p.title, coalesce(p.year, 0) AS year ORDER BY year, p.title;
MATCH (p:Paper) RETURN p.title, size(p.authors) AS authors ORDER BY authors DESC, p.title;
MATCH (p:Paper) RETURN p.title, p.authors[0] AS first ORDER BY p.title;
MATCH (p:Paper) RETURN p.title, head(p.authors) AS first, last(p.authors) AS final ORDER BY p.title;
MATCH (p:Paper) RETURN p.title, p.authors[-1] AS final, p.authors[0..1] AS some ORDER BY p.title;
MATCH (p:Paper) UNWIND p.authors AS author RETURN author, count(*) AS n ORDER BY n DESC, author;
MATCH (a:Author)-[:WROTE]->(p:Paper) RETURN a.name, collect(p.year)[0] IS NOT NULL AS dated ORDER BY a.name;
MATCH (a:Author)-[:WROTE]->(:Paper)<-[:WROTE]-(b:Author) WHERE a.name < b.name RETURN a.name, b.name, count(*) AS n ORDER BY a.name, b.name;
MATCH (a:Method)-[:COMPARED_WITH]->(b:Method) RETURN a.name, b.name ORDER BY a.name, b.name;
MATCH (a:Method)-[:COMPARED_WITH]-(b:Method) WHERE a.name = 'WidgetNet' RETURN DISTINCT b.name ORDER BY b.name;
MATCH (a:Method {name: 'WidgetNet'})-[:EVALUATED_ON]->(d)<-[:EVALUATED_ON]-(b:Method) WHERE a <> b RETURN b.name, d.name ORDER BY b.name, d.name;
MATCH (a:Method)-[:EVALUATED_ON]->(d:Dataset) WITH a, count(d) AS n WHERE n > 1 RETURN a.name, n ORDER BY a.name;
MATCH (a:Method)-[:EVALUATED_ON]->(d:Dataset) WITH a, collect(d.name) AS names RETURN a.name, size(names) AS n ORDER BY n DESC, a.name LIMIT 3;
MATCH (m:Method) WITH m ORDER BY m.papers DESC, m.name LIMIT 2 MATCH (m)-[:EVALUATED_ON]->(d) RETURN m.name, d.name ORDER BY m.name, d.name;
MATCH (m:Method) WITH m ORDER BY m.name RETURN collect(m.name) AS names;
MATCH (m:Method) WITH m ORDER BY m.papers DESC, m.name RETURN collect(m.name)[0..2] AS top;
MATCH (m:Method) WITH count(m) AS methods MATCH (d:Dataset) RETURN methods, count(d) AS datasets;
MATCH (m:Method) OPTIONAL MATCH (m)-[:BASED_ON]->(b:Method) RETURN m.name, b.name ORDER BY m.name, b.name;
OPTIONAL MATCH (m:Method {name: 'nobody'}) RETURN m, m.name;
MATCH (m:Method) WHERE NOT (m)-[:EVALUATED_ON]->() RETURN m.name ORDER BY m.name;
MATCH (m:Method) WHERE (m)-[:BASED_ON]->(:Method {name: 'ResNet'}) RETURN m.name ORDER BY m.name;
MATCH (m:Method) WHERE EXISTS { (m)-[:EVALUATED_ON]->(:Dataset {name: 'CIFAR-10'}) } RETURN m.name ORDER BY m.name;
MATCH (m:Method) WHERE EXISTS { MATCH (m)-[:EVALUATED_ON]->(d:Dataset) WHERE d.benchmark } RETURN m.name ORDER BY m.name;
MATCH (m:Method) WHERE NOT EXISTS { (m)-[:COMPARED_WITH]-() } RETURN m.name ORDER BY m.name;
MATCH (m:Method) WHERE COUNT { (m)-[:EVALUATED_ON]->() } > 1 RETURN m.name ORDER BY m.name;
MATCH (m:Method) RETURN m.name, COUNT { (m)-[:EVALUATED_ON]->() } AS n ORDER BY n DESC, m.name;
MATCH (m:Method) RETURN m.name, COLLECT { MATCH (m)-[:EVALUATED_ON]->(d) RETURN d.name } AS names; // refused
MATCH (m:Method) RETURN m.name, [(m)-[:EVALUATED_ON]->(d) | d.name] AS names; // refused
MATCH (d:Dataset) WHERE d.benchmark RETURN d.name ORDER BY d.name;
MATCH (d:Dataset {benchmark: true}) RETURN d.name ORDER BY d.name;
MATCH (d:Benchmark) RETURN d.name ORDER BY d.name;
MATCH (e:Entity) RETURN count(e);
MATCH (e:Entity) WHERE e:Method OR e:Task RETURN e.name ORDER BY e.name;
MATCH (e) WHERE e:Dataset AND NOT e:Benchmark RETURN e.name ORDER BY e.name;
MATCH (e:Method|Dataset) RETURN count(*);
MATCH (m:Method)-[:EVALUATED_ON|TRAINED_ON]->(d) RETURN m.name, d.name ORDER BY m.name, d.name;
MATCH (e:!Method) RETURN count(e); // refused
MATCH path = (a:Method {name: 'GateNet'})-[:BASED_ON|VARIANT_OF*]->(b) RETURN [n IN nodes(path) | n.name] AS names ORDER BY size(names);
MATCH path = (a:Method {name: 'GateNet'})-[:BASED_ON|VARIANT_OF*1..3]->(b) RETURN length(path), b.name ORDER BY length(path);
MATCH (a:Method {name: 'GateNet'})-[:BASED_ON*0..2]->(b) RETURN b.name ORDER BY b.name;
MATCH (a:Method {name: 'GateNet'})-[*2]-(b:Method) RETURN DISTINCT b.name ORDER BY b.name;
MATCH (a:Method {name: 'GateNet'})-[*1..2]-(b) RETURN count(*);
MATCH p = shortestPath((a:Method {name: 'GateNet'})-[*..5]-(b:Method {name: 'TinyFormer'})) RETURN length(p);
MATCH (a:Method {name: 'TinyFormer'}), (b:Dataset {name: 'CIFAR-100'}) MATCH p = shortestPath((a)-[*..8]-(b)) RETURN length(p);
MATCH p = allShortestPaths((a:Method {name: 'GateNet'})-[:BASED_ON|COMPARED_WITH*..4]-(b:Method {name: 'ResNet'})) RETURN count(p);
MATCH p = (a:Method {name: 'GateNet'})-[:BASED_ON]->(b) RETURN nodes(p)[0].name AS a, [r IN relationships(p) | type(r)] AS types;
MATCH (a:Method)-[r:BASED_ON]->(b) RETURN startNode(r).name AS a, endNode(r).name AS b ORDER BY a; // refused
MATCH (m:Method) RETURN m {.name, .papers} AS m ORDER BY m.name LIMIT 2;
MATCH (m:Method {name: 'ResNet'}) RETURN m {.name, kind: 'method', n: size(m.aliases)} AS m;
MATCH (m:Method {name: 'ResNet'}) RETURN {name: m.name, papers: m.papers} AS m;
MATCH (m:Method {name: 'ResNet'}) RETURN [x IN m.aliases WHERE x CONTAINS 'R' | toUpper(x)] AS names;
MATCH (m:Method {name: 'ResNet'}) RETURN [x IN m.aliases | size(x)] AS sizes, [x IN m.aliases WHERE size(x) > 16] AS long;
MATCH (m:Method) WHERE any(x IN m.aliases WHERE x = 'Residual Network') RETURN m.name;
MATCH (m:Method) WHERE all(x IN m.aliases WHERE size(x) > 3) RETURN count(*);
MATCH (m:Method) WHERE none(x IN m.aliases WHERE x CONTAINS 'Network') RETURN m.name ORDER BY m.name;
RETURN reduce(total = 0, x IN [1, 2, 3] | total + x) AS total;
UNWIND [3, 1, 2] AS x RETURN x ORDER BY x;
UNWIND range(1, 3) AS x RETURN x * x AS square, x % 2 AS odd, x / 2 AS half;
UNWIND [1, 2] AS x UNWIND ['a', 'b'] AS y RETURN x, y ORDER BY x, y;
WITH [1, 2, 3, 4] AS list RETURN list[0], list[-1], list[1..3], list[..2], list[2..], size(list), reverse(list), tail(list);
RETURN substring('knowledge', 0, 4), substring('knowledge', 5), left('graph', 2), right('graph', 2), trim(' a '), replace('aba', 'a', 'c');
RETURN toUpper('a'), toLower('B'), split('a,b,c', ',') AS parts, split('a,b,c', ',')[1] AS second, reverse('abc'), size('abc');
RETURN toInteger('7'), toInteger('x'), toInteger(2.7), toFloat('1.5'), toString(3), toString(1.5), toString(true);
RETURN abs(-2), ceil(1.2), floor(1.8), round(2.5), round(1.234, 2), sqrt(16), sign(-3), 2 ^ 3, 7 % 3;
RETURN log(10), log10(100), exp(1), pi();
RETURN 1 + 2 AS a, 'a' + 'b' AS b, 1 = 1.0 AS c, 1 <> 2 AS d, NOT true AS e, null IS NULL AS f, null = null AS g;
RETURN CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END AS x, CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END AS y;
MATCH (p:Paper) RETURN p.title, CASE WHEN p.year IS NULL THEN 'undated' WHEN p.year < 2020 THEN 'old' ELSE 'new' END AS age ORDER BY p.title;
MATCH (p:Paper) WHERE 2018 < p.year <= 2022 RETURN p.title; // refused
MATCH (p:Paper WHERE p.year = 2020) RETURN p.title; // refused
MATCH (m:Method) CALL { WITH m MATCH (m)-[:EVALUATED_ON]->(d) RETURN count(d) AS n } RETURN m.name, n; // refused
CALL { MATCH (m:Method) RETURN count(m) AS n } RETURN n; // refused
MATCH (a:Method {name: 'GateNet'}) ((x)-[:BASED_ON|VARIANT_OF]->(y)){1,3} (b:Method) RETURN b.name; // refused
MATCH (m:Method) RETURN count(DISTINCT m.first_year) AS years;
MATCH (m:Method) WITH m ORDER BY m.papers DESC, m.name LIMIT 2 RETURN count(*), sum(m.papers), max(m.name);
MATCH (m:Method) RETURN m.first_year AS index, count(*) AS table ORDER BY table, index;
MATCH (r:Result) RETURN r.metric, max(r.value), min(r.value), avg(r.value), count(*) ORDER BY r.metric;
MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:ON_DATASET]->(d:Dataset) RETURN p.title, r.metric, r.value, d.name ORDER BY r.value DESC, p.title;
MATCH (r:Result)-[:OF_METHOD]->(m:Method) WITH m, max(r.value) AS best ORDER BY best DESC RETURN m.name, best LIMIT 1;
MATCH (r:Result) RETURN percentileCont(r.value, 0.5) AS median, stDev(r.value) > 0 AS spread; // refused
MATCH (r:Result) RETURN percentileDisc(r.value, 0.5) AS median;
MATCH (m:Method) RETURN m.name AS name UNION MATCH (d:Dataset) RETURN d.name AS name;
MATCH (m:Method) RETURN m.name AS name UNION ALL MATCH (t:Task) RETURN t.name AS name;
MATCH (m:Method {name: 'ResNet'}) UNWIND keys(m) AS key RETURN key;
MATCH (m:Method {name: 'ResNet'}) RETURN properties(m) AS properties;
MATCH (m:Method {name: 'ResNet'}) RETURN m['name'] AS name, m.nothing AS nothing; // refused
MATCH (a)-[r:EVALUATED_ON {papers: 2}]->(b) RETURN a.name, b.name;
MATCH (a)-[r]->(b) WHERE r.papers >= 2 RETURN a.name, type(r), b.name ORDER BY a.name, type(r), b.name;
MATCH (a)-[r:COMPARED_WITH]->(b) RETURN r ORDER BY r.papers DESC, a.name LIMIT 1;
MATCH (a)-[r:EVALUATED_ON]->(b) UNWIND r.evidence_sentences AS s RETURN DISTINCT s ORDER BY s;
MATCH (a)-[r:EVALUATED_ON]->(b {name: 'CIFAR-10'}) UNWIND range(0, size(r.evidence_papers) - 1) AS i RETURN r.evidence_papers[i] AS p, r.evidence_starts[i] AS s ORDER BY p, s;
MATCH (m:Method), (t:Task) RETURN count(*);
MATCH (m:Method) RETURN m.name, size(m.name) % 2 = 0 AS even ORDER BY even, m.name;
MATCH (m:Method) RETURN m ORDER BY m.name LIMIT 1;
MATCH (p:Paper {year: 2022})-[:PROPOSES]->(m) RETURN p.title, m.name;
MATCH (p:Paper)-[:EVALUATES_ON]->(d:Dataset)-[:BENCHMARK_FOR]->(t:Task) RETURN DISTINCT t.name, d.name ORDER BY t.name, d.name;
MATCH (a:Author)-[:WROTE]->(p:Paper)-[:PROPOSES]->(m:Method)-[:EVALUATED_ON]->(d:Dataset) RETURN a.name, m.name, d.name ORDER BY a.name, m.name, d.name;
MATCH (p:Paper) RETURN date('2020-01-02') AS d, p.id ORDER BY p.id LIMIT 1;
RETURN datetime('2020-01-01T00:00:00') AS t; // refused
RETURN duration('P1D') AS d; // refused
RETURN 'a' || 'b' AS joined;
RETURN [1, 2] + [3] AS list, 2 IN [1, 2] AS there, [1, 2] = [1, 2] AS same;
RETURN isEmpty([]) AS a, nullIf(1, 1) AS b;
RETURN [x IN range(1, 3) | [y IN range(1, x) | x * y]] AS table; // refused
MATCH (m:Method) WITH m.name AS name, m.papers AS papers ORDER BY papers DESC, name LIMIT 3 RETURN collect({name: name, papers: papers}) AS top;
MATCH (m:Method) WHERE m.name = $name RETURN m.papers AS papers;
MATCH (m:Method) WHERE m.name IN $names RETURN m.name ORDER BY m.name;
MATCH (a)--(b)--(c) RETURN count(*);
MATCH (a:Method)-[:EVALUATED_ON]->(d)<-[:EVALUATED_ON]-(b) RETURN a.name, d.name, b.name ORDER BY a.name, d.name, b.name;
MATCH (a:Method)-[r]-(b)-[s]-(c:Method) WHERE a.name = 'ResNet' OR a.name = 'GateNet' RETURN count(*), count(DISTINCT c);
MATCH (a:Method)-[:COMPARED_WITH]-(b)-[:COMPARED_WITH]-(c) RETURN a.name, b.name, c.name ORDER BY a.name, b.name, c.name;
MATCH (p:Paper)-->(m:Method), (p)-->(d:Dataset), (p)-->(e:Dataset) RETURN count(*);
MATCH (m:Method) WHERE EXISTS { (m)-[:EVALUATED_ON]->(d)<-[:EVALUATED_ON]-(o) WHERE d.name = 'GLUE' } RETURN m.name;
MATCH (m:Method) OPTIONAL MATCH (m)-[:EVALUATED_ON]->()<-[:EVALUATED_ON]-(o) RETURN m.name, count(o) ORDER BY m.name;
MATCH (p:Paper) RETURN p.title, COUNT { (p)--()--(:Author) } AS n ORDER BY p.title;
MATCH (m:Method) WHERE any(x IN m.aliases WHERE toLower(x) CONTAINS toLower($name)) OR m.name = $name RETURN m.name;
