WITH current AS NOT MATERIALIZED (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS NOT MATERIALIZED (
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
), coded AS NOT MATERIALIZED (
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
    END AS "in_REF_AREA",
    "year" AS "in_TIME_PERIOD",
    _delivery,
    CASE
      WHEN NOT CAST(COALESCE(act = 'killing', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'killing', FALSE) AS INT)
    END AS _y0,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'killing', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'killing', FALSE) AS INT)
      END
    ) AS _num0,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'killing', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'killing', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'killing', FALSE) AS INT)
    END AS _den0,
    CASE
      WHEN NOT CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'enforced_disappearance', FALSE) AS INT)
    END AS _y1,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'enforced_disappearance', FALSE) AS INT)
      END
    ) AS _num1,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'enforced_disappearance', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'enforced_disappearance', FALSE) AS INT)
    END AS _den1
  FROM derived
  WHERE
    monitored
), cells AS MATERIALIZED (
  SELECT
    "in_REF_AREA",
    "in_TIME_PERIOD",
    _delivery,
    COUNT(_y0) AS _n0,
    SUM(_y0) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    COUNT(_y1) AS _n1,
    SUM(_y1) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1
  FROM coded
  GROUP BY
    "in_REF_AREA",
    "in_TIME_PERIOD",
    _delivery
), sums AS (
  SELECT
    "in_REF_AREA",
    "in_TIME_PERIOD",
    CAST(COALESCE(SUM(_n0), 0) AS BIGINT) AS _n0,
    CAST(COALESCE(SUM(_k0), 0) AS BIGINT) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    CAST(COALESCE(SUM(_n1), 0) AS BIGINT) AS _n1,
    CAST(COALESCE(SUM(_k1), 0) AS BIGINT) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1
  FROM cells
  GROUP BY
    GROUPING SETS (
      ("in_REF_AREA", "in_TIME_PERIOD")
    )
), behind AS (
  SELECT
    "in_TIME_PERIOD" AS period,
    LIST_SORT(ARRAY_AGG(DISTINCT _delivery)) AS deliveries
  FROM cells
  WHERE
    NOT _delivery IS NULL
  GROUP BY ALL
), indicators AS (
  SELECT
    *,
    UNNEST(
      [
        {'key': 'VC_VAW_MTUHRA', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k0 AS BIGINT), 'k': CAST(_k0 AS BIGINT), 'size': CAST(_n0 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'VC_VOC_ENFDIS', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k1 AS BIGINT), 'k': CAST(_k1 AS BIGINT), 'size': CAST(_n1 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)}
      ]
    ) AS figure
  FROM sums
), figures AS (
  SELECT
    *
  FROM indicators
), observations AS (
  SELECT
    CAST('A' AS TEXT) AS "FREQ",
    CAST('N' AS TEXT) AS "REPORTING_TYPE",
    CAST(figure.key AS TEXT) AS "SERIES",
    CAST(figures."in_REF_AREA" AS TEXT) AS "REF_AREA",
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
    CAST(figures."in_TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        WHEN 'quantile'
        THEN figure.scale * figure.value
        WHEN 'difference'
        THEN figure.scale * figure.value
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
    CAST(deliveries AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(figure.x1 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x1",
    CAST(figure.x2 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x2",
    CAST(figure.size AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(figure.side AS BIGINT) AS "_side"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."in_TIME_PERIOD"
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
