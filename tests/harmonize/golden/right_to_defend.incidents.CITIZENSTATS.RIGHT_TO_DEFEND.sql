WITH current AS (
  SELECT
    *
  FROM records
), derived AS (
  SELECT
    *,
    (
      LENGTH(
        LIST_DISTINCT(
          [
            LOWER(TRIM(source_1)),
            LOWER(TRIM(source_2)),
            LOWER(TRIM(source_3)),
            LOWER(TRIM(source_4))
          ]
        )
      ) >= 2
    ) AS "corroborated",
    (
      record_type = 'case' AND corroborated
    ) AS "verified",
    (
      record_type = 'nil_return' OR verified
    ) AS "monitored"
  FROM current
), coded AS (
  SELECT
    CASE CAST("country" AS TEXT)
      WHEN 'GHA'
      THEN 'GH'
      WHEN 'KEN'
      THEN 'KE'
      WHEN 'MNG'
      THEN 'MN'
      WHEN 'NPL'
      THEN 'NP'
      WHEN 'PER'
      THEN 'PE'
      WHEN 'PHL'
      THEN 'PH'
      WHEN 'TUN'
      THEN 'TN'
    END AS "REF_AREA",
    "year" AS "TIME_PERIOD",
    CASE CAST("victim_group" AS TEXT)
      WHEN 'hrd'
      THEN 'HRD'
      WHEN 'journalist'
      THEN 'JOURNALIST'
      WHEN 'trade_unionist'
      THEN 'TRADE_UNIONIST'
    END AS "VICTIM_GROUP",
    CASE CAST("sex" AS TEXT)
      WHEN 'female'
      THEN 'F'
      WHEN 'male'
      THEN 'M'
      WHEN 'unknown'
      THEN '_U'
    END AS "SEX",
    1 AS _w,
    _delivery,
    CAST(COALESCE(verified AND act = 'killing', FALSE) AS INT) AS _y0,
    CAST(COALESCE(act = 'killing', FALSE) AS INT) AS _x0,
    CAST(COALESCE(verified AND act = 'enforced_disappearance', FALSE) AS INT) AS _y1,
    CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT) AS _x1,
    CAST(COALESCE(verified AND act = 'torture', FALSE) AS INT) AS _y2,
    CAST(COALESCE(act = 'torture', FALSE) AS INT) AS _x2,
    CAST(COALESCE(verified AND act = 'arbitrary_detention', FALSE) AS INT) AS _y3,
    CAST(COALESCE(act = 'arbitrary_detention', FALSE) AS INT) AS _x3,
    CAST(COALESCE(verified AND act = 'kidnapping', FALSE) AS INT) AS _y4,
    CAST(COALESCE(act = 'kidnapping', FALSE) AS INT) AS _x4,
    CAST(COALESCE(verified AND act = 'other', FALSE) AS INT) AS _y5,
    CAST(COALESCE(act = 'other', FALSE) AS INT) AS _x5
  FROM derived
  WHERE
    monitored
), sums AS (
  SELECT
    "REF_AREA",
    "TIME_PERIOD",
    "VICTIM_GROUP",
    "SEX",
    GROUPING("VICTIM_GROUP") = 1 AS "all_VICTIM_GROUP",
    GROUPING("SEX") = 1 AS "all_SEX",
    COUNT(*) FILTER(WHERE
      NOT _y0 IS NULL AND NOT _x0 IS NULL) AS _n0,
    COUNT(*) FILTER(WHERE
      NOT _y0 IS NULL AND NOT _x0 IS NULL AND _y0 = 1) AS _k0,
    SUM(_w * _y0) FILTER(WHERE
      NOT _y0 IS NULL AND NOT _x0 IS NULL) AS _num0,
    SUM(_w * _x0) FILTER(WHERE
      NOT _y0 IS NULL AND NOT _x0 IS NULL) AS _den0,
    COUNT(*) FILTER(WHERE
      NOT _y1 IS NULL AND NOT _x1 IS NULL) AS _n1,
    COUNT(*) FILTER(WHERE
      NOT _y1 IS NULL AND NOT _x1 IS NULL AND _y1 = 1) AS _k1,
    SUM(_w * _y1) FILTER(WHERE
      NOT _y1 IS NULL AND NOT _x1 IS NULL) AS _num1,
    SUM(_w * _x1) FILTER(WHERE
      NOT _y1 IS NULL AND NOT _x1 IS NULL) AS _den1,
    COUNT(*) FILTER(WHERE
      NOT _y2 IS NULL AND NOT _x2 IS NULL) AS _n2,
    COUNT(*) FILTER(WHERE
      NOT _y2 IS NULL AND NOT _x2 IS NULL AND _y2 = 1) AS _k2,
    SUM(_w * _y2) FILTER(WHERE
      NOT _y2 IS NULL AND NOT _x2 IS NULL) AS _num2,
    SUM(_w * _x2) FILTER(WHERE
      NOT _y2 IS NULL AND NOT _x2 IS NULL) AS _den2,
    COUNT(*) FILTER(WHERE
      NOT _y3 IS NULL AND NOT _x3 IS NULL) AS _n3,
    COUNT(*) FILTER(WHERE
      NOT _y3 IS NULL AND NOT _x3 IS NULL AND _y3 = 1) AS _k3,
    SUM(_w * _y3) FILTER(WHERE
      NOT _y3 IS NULL AND NOT _x3 IS NULL) AS _num3,
    SUM(_w * _x3) FILTER(WHERE
      NOT _y3 IS NULL AND NOT _x3 IS NULL) AS _den3,
    COUNT(*) FILTER(WHERE
      NOT _y4 IS NULL AND NOT _x4 IS NULL) AS _n4,
    COUNT(*) FILTER(WHERE
      NOT _y4 IS NULL AND NOT _x4 IS NULL AND _y4 = 1) AS _k4,
    SUM(_w * _y4) FILTER(WHERE
      NOT _y4 IS NULL AND NOT _x4 IS NULL) AS _num4,
    SUM(_w * _x4) FILTER(WHERE
      NOT _y4 IS NULL AND NOT _x4 IS NULL) AS _den4,
    COUNT(*) FILTER(WHERE
      NOT _y5 IS NULL AND NOT _x5 IS NULL) AS _n5,
    COUNT(*) FILTER(WHERE
      NOT _y5 IS NULL AND NOT _x5 IS NULL AND _y5 = 1) AS _k5,
    SUM(_w * _y5) FILTER(WHERE
      NOT _y5 IS NULL AND NOT _x5 IS NULL) AS _num5,
    SUM(_w * _x5) FILTER(WHERE
      NOT _y5 IS NULL AND NOT _x5 IS NULL) AS _den5
  FROM coded
  GROUP BY
    GROUPING SETS (
      ("REF_AREA", "TIME_PERIOD"),
      ("REF_AREA", "TIME_PERIOD", "VICTIM_GROUP"),
      ("REF_AREA", "TIME_PERIOD", "SEX"),
      ("REF_AREA", "TIME_PERIOD", "VICTIM_GROUP", "SEX")
    )
), behind AS (
  SELECT
    "TIME_PERIOD" AS period,
    LIST_SORT(ARRAY_AGG(DISTINCT _delivery)) AS deliveries
  FROM coded
  GROUP BY ALL
), figures AS (
  SELECT
    *,
    UNNEST(
      [
        {'key': 'ACT_KILLING', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k0, 'k': _k0, 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE)},
        {'key': 'ACT_DISAPPEARANCE', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k1, 'k': _k1, 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE)},
        {'key': 'ACT_TORTURE', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k2, 'k': _k2, 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE)},
        {'key': 'ACT_DETENTION', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k3, 'k': _k3, 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE)},
        {'key': 'ACT_KIDNAPPING', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k4, 'k': _k4, 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE)},
        {'key': 'ACT_OTHER', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k5, 'k': _k5, 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE)}
      ]
    ) AS figure
  FROM sums
), observations AS (
  SELECT
    CAST('A' AS TEXT) AS "FREQ",
    CAST(figures."REF_AREA" AS TEXT) AS "REF_AREA",
    CAST(figure.key AS TEXT) AS "INDICATOR",
    CAST(CASE WHEN "all_VICTIM_GROUP" THEN '_T' ELSE figures."VICTIM_GROUP" END AS TEXT) AS "VICTIM_GROUP",
    CAST(CASE WHEN "all_SEX" THEN '_T' ELSE figures."SEX" END AS TEXT) AS "SEX",
    CAST(figures."TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE
          WHEN MAX(figure.denominator) OVER (PARTITION BY figure.key, figures."REF_AREA", figures."TIME_PERIOD") > 0
          THEN figure.scale * figure.numerator
        END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        ELSE figure.scale * figure.numerator / NULLIF(figure.denominator, 0)
      END,
      0
    ) AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE
      WHEN figure.kind <> 'count'
      OR MAX(figure.denominator) OVER (PARTITION BY figure.key, figures."REF_AREA", figures."TIME_PERIOD") > 0
      THEN 'A'
      ELSE 'L'
    END AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST('NUMBER' AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('0' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST('Register of attacks on defenders (synthetic demonstration data, no real case)' AS TEXT) AS "SOURCE_DETAIL",
    CAST('Victims in cases that at least two independent sources corroborate.' AS TEXT) AS "COMMENT_OBS",
    CAST('Networks of human rights defenders with national human rights institutions' AS TEXT) AS "DATA_PROVIDER",
    CAST(figure.n AS BIGINT) AS "_n",
    CAST(figure.k AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST(figure.kind AS TEXT) AS "_kind",
    CAST('right_to_defend/incidents' AS TEXT) AS "_dataset",
    CAST(deliveries AS TEXT[]) AS "_deliveries"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."TIME_PERIOD"
  WHERE
    (
      "all_VICTIM_GROUP" OR NOT figures."VICTIM_GROUP" IS NULL
    )
    AND (
      "all_SEX" OR NOT figures."SEX" IS NULL
    )
    AND (
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, 'F') AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "VICTIM_GROUP",
  "SEX",
  "TIME_PERIOD"
