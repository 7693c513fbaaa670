// Methods with the better of two results in one paper on one dataset and metric (of errors and losses the lower).
// param dataset: Dataset, such as "CIFAR-10"
// param limit: int = 50
MATCH (p:Paper)-[:REPORTS]->(x:Result)-[:ON_DATASET]->(d:Dataset {name: $dataset}), (x)-[:OF_METHOD]->(a:Method)
MATCH (p)-[:REPORTS]->(y:Result)-[:ON_DATASET]->(d), (y)-[:OF_METHOD]->(b:Method)
WHERE x.id <> y.id AND a.id <> b.id AND x.metric = y.metric AND x.unit = y.unit AND x.kind = 'absolute' AND y.kind = 'absolute'
WITH p, a, b, x, y, toLower(x.metric) =~ '((.*[^a-z0-9])?(errors?|losse?s?|perplexit(y|ies)|ppl|bits|bp[cdb]|nll|negative log-likelihood|regret|forgetting|distance|fid.*|kid|fvd|fad|lpips|niqe|mce|ece|fpr.*|false (positive|alarm) rate|misclassification rate|translation edit rate|ter|wer|cer|der|eer|mindcf|hd[0-9]*|mpjpe|a?epe|r?mse|mae|s?mape|abs ?rel|(min)?[af]de|parity|latency|time|parameters?|params|g?flops|macs|multiply-adds|memory|energy)([^a-z0-9].*)?)|per|cd' AS less
WHERE (less AND x.value < y.value) OR (NOT less AND x.value > y.value)
RETURN a.name AS winner, b.name AS loser, x.metric AS metric, x.value AS value, y.value AS against, p.title AS paper, p.year AS year
ORDER BY winner, loser, metric, value DESC, against, paper
LIMIT $limit
