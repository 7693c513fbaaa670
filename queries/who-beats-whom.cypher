// Methods with the better of two results in one paper on one dataset and metric (of errors and losses the lower).
// param dataset: Dataset, such as "CIFAR-10"
// param limit: int = 50
MATCH (p:Paper)-[:REPORTS]->(x:Result)-[:ON_DATASET]->(d:Dataset {name: $dataset}), (x)-[:OF_METHOD]->(a:Method)
MATCH (p)-[:REPORTS]->(y:Result)-[:ON_DATASET]->(d), (y)-[:OF_METHOD]->(b:Method)
WHERE x.id <> y.id AND a.id <> b.id AND x.metric = y.metric AND x.unit = y.unit AND x.kind = 'absolute' AND y.kind = 'absolute'
WITH p, a, b, x, y, toLower(x.metric) =~ '.*(error|loss|perplexity|fid|distance|mae|mse|latency|time|wer|cer|eer).*' AS less
WHERE (less AND x.value < y.value) OR (NOT less AND x.value > y.value)
RETURN a.name AS winner, b.name AS loser, x.metric AS metric, x.value AS value, y.value AS against, p.title AS paper, p.year AS year
ORDER BY winner, loser, metric, value DESC, against, paper
LIMIT $limit
