// Results reported on a dataset, by metric, the best first; kg leaderboard also parts settings and gains.
// param dataset: Dataset, such as "ImageNet"
// param metric: str = ""
// param limit: int = 50
MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:ON_DATASET]->(:Dataset {name: $dataset})
WHERE r.kind = 'absolute' AND ($metric = '' OR toLower(r.metric) CONTAINS toLower($metric))
OPTIONAL MATCH (r)-[:OF_METHOD]->(m:Method)
WITH p, r, m, toLower(r.metric) =~ '((.*[^a-z0-9])?(errors?|losse?s?|perplexit(y|ies)|ppl|bits|bp[cdb]|nll|negative log-likelihood|regret|forgetting|distance|fid.*|kid|fvd|fad|lpips|niqe|mce|ece|fpr.*|false (positive|alarm) rate|misclassification rate|translation edit rate|ter|wer|cer|der|eer|mindcf|hd[0-9]*|mpjpe|a?epe|r?mse|mae|s?mape|abs ?rel|(min)?[af]de|parity|latency|time|parameters?|params|g?flops|macs|multiply-adds|memory|energy)([^a-z0-9].*)?)|per|cd' AS less
RETURN r.metric AS metric, r.value AS value, r.unit AS unit, m.name AS method, p.title AS paper, p.year AS year
ORDER BY metric, CASE WHEN less THEN r.value ELSE -r.value END, method, paper
LIMIT $limit
