WITH current AS (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS (
  SELECT
    *
  FROM current
), long AS (
  SELECT
    *,
    "Q22_LNS_a" AS "answer",
    "Q22_LNS_a__why" AS "answer__why",
    'I31' AS "INDICATOR",
    'INDIGENOUS_MEN' AS "ITEM"
  FROM derived
  UNION ALL BY NAME
  SELECT
    *,
    "Q22_LNS_b" AS "answer",
    "Q22_LNS_b__why" AS "answer__why",
    'I31' AS "INDICATOR",
    'NON_INDIGENOUS_WOMEN' AS "ITEM"
  FROM derived
  UNION ALL BY NAME
  SELECT
    *,
    "Q23_LNS" AS "answer",
    "Q23_LNS__why" AS "answer__why",
    'I128' AS "INDICATOR",
    '_T' AS "ITEM"
  FROM derived
), observations AS (
  SELECT
    CAST('OA' AS TEXT) AS "FREQ",
    CAST(CASE CAST("country" AS TEXT)
      WHEN 'CMR'
      THEN 'CM'
      WHEN 'KEN'
      THEN 'KE'
      WHEN 'NPL'
      THEN 'NP'
      WHEN 'PER'
      THEN 'PE'
      WHEN 'SUR'
      THEN 'SR'
      WHEN 'THA'
      THEN 'TH'
    END AS TEXT) AS "REF_AREA",
    CAST("INDICATOR" AS TEXT) AS "INDICATOR",
    CAST('LNS' AS TEXT) AS "QUESTIONNAIRE",
    CAST("ITEM" AS TEXT) AS "ITEM",
    CAST("year" AS TEXT) AS "TIME_PERIOD",
    CAST("answer" AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE "answer__why"
      WHEN 'not_collected'
      THEN 'L'
      WHEN 'not_applicable'
      THEN 'M'
      WHEN 'suppressed'
      THEN 'Q'
      ELSE 'A'
    END AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST('BOOL' AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('0' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST((
      CONCAT_WS(
        '; ',
        'Q22(LNS): ' || Q22_LNS_references,
        'Q23(LNS): ' || Q23_LNS_references,
        'framework ' || framework_version,
        'synthetic demonstration data'
      )
    ) AS TEXT) AS "SOURCE_DETAIL",
    CAST(NULL AS TEXT) AS "COMMENT_OBS",
    CAST('Partners of the Indigenous Navigator' AS TEXT) AS "DATA_PROVIDER",
    CAST(NULL AS BIGINT) AS "_n",
    CAST(NULL AS BIGINT) AS "_k",
    CAST(NULL AS BIGINT) AS "_minimum",
    CAST('given' AS TEXT) AS "_kind",
    CAST('indigenous_navigator/national_survey' AS TEXT) AS "_dataset",
    CAST([_delivery] AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(NULL AS DOUBLE) AS "_x1",
    CAST(NULL AS DOUBLE) AS "_x2",
    CAST(NULL AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(NULL AS BIGINT) AS "_side"
  FROM long
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "QUESTIONNAIRE",
  "ITEM",
  "TIME_PERIOD"
