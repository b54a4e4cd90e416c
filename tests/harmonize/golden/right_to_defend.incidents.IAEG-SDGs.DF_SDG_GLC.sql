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
      THEN '288'
      WHEN 'KEN'
      THEN '404'
      WHEN 'MNG'
      THEN '496'
      WHEN 'NPL'
      THEN '524'
      WHEN 'PER'
      THEN '604'
      WHEN 'PHL'
      THEN '608'
      WHEN 'TUN'
      THEN '788'
    END AS "REF_AREA",
    "year" AS "TIME_PERIOD",
    1 AS _w,
    _delivery,
    CAST(COALESCE(verified AND act = 'killing', FALSE) AS INT) AS _y0,
    CAST(COALESCE(act = 'killing', FALSE) AS INT) AS _x0,
    CAST(COALESCE(verified AND act = 'enforced_disappearance', FALSE) AS INT) AS _y1,
    CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT) AS _x1
  FROM derived
  WHERE
    monitored
), sums AS (
  SELECT
    "REF_AREA",
    "TIME_PERIOD",
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
      NOT _y1 IS NULL AND NOT _x1 IS NULL) AS _den1
  FROM coded
  GROUP BY
    GROUPING SETS (
      ("REF_AREA", "TIME_PERIOD")
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
        {'key': 'VC_VAW_MTUHRA', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k0, 'k': _k0, 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE)},
        {'key': 'VC_VOC_ENFDIS', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': _k1, 'k': _k1, 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE)}
      ]
    ) AS figure
  FROM sums
), observations AS (
  SELECT
    CAST('A' AS TEXT) AS "FREQ",
    CAST('N' AS TEXT) AS "REPORTING_TYPE",
    CAST(figure.key AS TEXT) AS "SERIES",
    CAST(figures."REF_AREA" AS TEXT) AS "REF_AREA",
    CAST('_T' AS TEXT) AS "SEX",
    CAST('_T' AS TEXT) AS "AGE",
    CAST('_T' AS TEXT) AS "URBANISATION",
    CAST('_T' AS TEXT) AS "INCOME_WEALTH_QUANTILE",
    CAST('_T' AS TEXT) AS "EDUCATION_LEV",
    CAST('_T' AS TEXT) AS "OCCUPATION",
    CAST('_T' AS TEXT) AS "CUST_BREAKDOWN",
    CAST('_T' AS TEXT) AS "COMPOSITE_BREAKDOWN",
    CAST('_T' AS TEXT) AS "DISABILITY_STATUS",
    CAST('_T' AS TEXT) AS "ACTIVITY",
    CAST('_T' AS TEXT) AS "PRODUCT",
    CAST(figures."TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        ELSE figure.scale * figure.numerator / NULLIF(figure.denominator, 0)
      END,
      0
    ) AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE WHEN figure.kind <> 'count' OR figure.denominator > 0 THEN 'A' ELSE 'L' END AS TEXT) AS "OBS_STATUS",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('NUMBER' AS TEXT) AS "UNIT_MEASURE",
    CAST('C' AS TEXT) AS "NATURE",
    CAST('Citizen data. Victims in cases that at least two independent sources corroborate.' AS TEXT) AS "COMMENT_OBS",
    CAST(NULL AS TEXT) AS "TIME_COVERAGE",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS TEXT) AS "BASE_PER",
    CAST(NULL AS TEXT) AS "TIME_DETAIL",
    CAST('Networks of human rights defenders with national human rights institutions, register of attacks on defenders (synthetic demonstration data, no real case)' AS TEXT) AS "SOURCE_DETAIL",
    CAST(NULL AS TEXT) AS "COMMENT_TS",
    CAST(NULL AS TEXT) AS "GEO_INFO_URL",
    CAST(NULL AS TEXT) AS "GEO_INFO_TYPE",
    CAST(NULL AS TEXT) AS "CUST_BREAKDOWN_LB",
    CAST(NULL AS TEXT) AS "DATA_LAST_UPDATE",
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
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS)
FROM observations
ORDER BY
  "FREQ",
  "REPORTING_TYPE",
  "SERIES",
  "REF_AREA",
  "SEX",
  "AGE",
  "URBANISATION",
  "INCOME_WEALTH_QUANTILE",
  "EDUCATION_LEV",
  "OCCUPATION",
  "CUST_BREAKDOWN",
  "COMPOSITE_BREAKDOWN",
  "DISABILITY_STATUS",
  "ACTIVITY",
  "PRODUCT",
  "TIME_PERIOD"
