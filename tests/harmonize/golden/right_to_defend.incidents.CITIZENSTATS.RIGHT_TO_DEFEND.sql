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
    END AS "in_REF_AREA",
    "year" AS "in_TIME_PERIOD",
    CASE CAST("victim_group" AS TEXT)
      WHEN 'hrd'
      THEN 'HRD'
      WHEN 'journalist'
      THEN 'JOURNALIST'
      WHEN 'trade_unionist'
      THEN 'TRADE_UNIONIST'
    END AS "in_VICTIM_GROUP",
    CASE CAST("sex" AS TEXT)
      WHEN 'female'
      THEN 'F'
      WHEN 'male'
      THEN 'M'
      WHEN 'unknown'
      THEN '_U'
    END AS "in_SEX",
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
    END AS _den1,
    CASE
      WHEN NOT CAST(COALESCE(act = 'torture', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'torture', FALSE) AS INT)
    END AS _y2,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'torture', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'torture', FALSE) AS INT)
      END
    ) AS _num2,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'torture', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'torture', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'torture', FALSE) AS INT)
    END AS _den2,
    CASE
      WHEN NOT CAST(COALESCE(act = 'arbitrary_detention', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'arbitrary_detention', FALSE) AS INT)
    END AS _y3,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'arbitrary_detention', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'arbitrary_detention', FALSE) AS INT)
      END
    ) AS _num3,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'arbitrary_detention', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'arbitrary_detention', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'arbitrary_detention', FALSE) AS INT)
    END AS _den3,
    CASE
      WHEN NOT CAST(COALESCE(act = 'kidnapping', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'kidnapping', FALSE) AS INT)
    END AS _y4,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'kidnapping', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'kidnapping', FALSE) AS INT)
      END
    ) AS _num4,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'kidnapping', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'kidnapping', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'kidnapping', FALSE) AS INT)
    END AS _den4,
    CASE
      WHEN NOT CAST(COALESCE(act = 'other', FALSE) AS INT) IS NULL
      THEN CAST(COALESCE(verified AND act = 'other', FALSE) AS INT)
    END AS _y5,
    1 * (
      CASE
        WHEN NOT CAST(COALESCE(act = 'other', FALSE) AS INT) IS NULL
        THEN CAST(COALESCE(verified AND act = 'other', FALSE) AS INT)
      END
    ) AS _num5,
    CASE
      WHEN NOT (
        CASE
          WHEN NOT CAST(COALESCE(act = 'other', FALSE) AS INT) IS NULL
          THEN CAST(COALESCE(verified AND act = 'other', FALSE) AS INT)
        END
      ) IS NULL
      THEN 1 * CAST(COALESCE(act = 'other', FALSE) AS INT)
    END AS _den5
  FROM derived
  WHERE
    monitored
), cells AS MATERIALIZED (
  SELECT
    "in_REF_AREA",
    "in_TIME_PERIOD",
    "in_VICTIM_GROUP",
    "in_SEX",
    _delivery,
    COUNT(_y0) AS _n0,
    SUM(_y0) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    COUNT(_y1) AS _n1,
    SUM(_y1) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    COUNT(_y2) AS _n2,
    SUM(_y2) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    COUNT(_y3) AS _n3,
    SUM(_y3) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    COUNT(_y4) AS _n4,
    SUM(_y4) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    COUNT(_y5) AS _n5,
    SUM(_y5) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5
  FROM coded
  GROUP BY
    "in_REF_AREA",
    "in_TIME_PERIOD",
    "in_VICTIM_GROUP",
    "in_SEX",
    _delivery
), sums AS (
  SELECT
    "in_REF_AREA",
    "in_TIME_PERIOD",
    "in_VICTIM_GROUP",
    "in_SEX",
    GROUPING("in_VICTIM_GROUP") = 1 AS "all_VICTIM_GROUP",
    GROUPING("in_SEX") = 1 AS "all_SEX",
    CAST(COALESCE(SUM(_n0), 0) AS BIGINT) AS _n0,
    CAST(COALESCE(SUM(_k0), 0) AS BIGINT) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    CAST(COALESCE(SUM(_n1), 0) AS BIGINT) AS _n1,
    CAST(COALESCE(SUM(_k1), 0) AS BIGINT) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    CAST(COALESCE(SUM(_n2), 0) AS BIGINT) AS _n2,
    CAST(COALESCE(SUM(_k2), 0) AS BIGINT) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    CAST(COALESCE(SUM(_n3), 0) AS BIGINT) AS _n3,
    CAST(COALESCE(SUM(_k3), 0) AS BIGINT) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    CAST(COALESCE(SUM(_n4), 0) AS BIGINT) AS _n4,
    CAST(COALESCE(SUM(_k4), 0) AS BIGINT) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    CAST(COALESCE(SUM(_n5), 0) AS BIGINT) AS _n5,
    CAST(COALESCE(SUM(_k5), 0) AS BIGINT) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5
  FROM cells
  GROUP BY
    GROUPING SETS (
      ("in_REF_AREA", "in_TIME_PERIOD"),
      ("in_REF_AREA", "in_TIME_PERIOD", "in_VICTIM_GROUP"),
      ("in_REF_AREA", "in_TIME_PERIOD", "in_SEX"),
      ("in_REF_AREA", "in_TIME_PERIOD", "in_VICTIM_GROUP", "in_SEX")
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
        {'key': 'ACT_KILLING', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k0 AS BIGINT), 'k': CAST(_k0 AS BIGINT), 'size': CAST(_n0 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'ACT_DISAPPEARANCE', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k1 AS BIGINT), 'k': CAST(_k1 AS BIGINT), 'size': CAST(_n1 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'ACT_TORTURE', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k2 AS BIGINT), 'k': CAST(_k2 AS BIGINT), 'size': CAST(_n2 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'ACT_DETENTION', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k3 AS BIGINT), 'k': CAST(_k3 AS BIGINT), 'size': CAST(_n3 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'ACT_KIDNAPPING', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k4 AS BIGINT), 'k': CAST(_k4 AS BIGINT), 'size': CAST(_n4 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)},
        {'key': 'ACT_OTHER', 'kind': 'count', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_k5 AS BIGINT), 'k': CAST(_k5 AS BIGINT), 'size': CAST(_n5 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE)}
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
    CAST(figures."in_REF_AREA" AS TEXT) AS "REF_AREA",
    CAST(figure.key AS TEXT) AS "INDICATOR",
    CAST(CASE WHEN "all_VICTIM_GROUP" THEN '_T' ELSE figures."in_VICTIM_GROUP" END AS TEXT) AS "VICTIM_GROUP",
    CAST(CASE WHEN "all_SEX" THEN '_T' ELSE figures."in_SEX" END AS TEXT) AS "SEX",
    CAST(figures."in_TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE
          WHEN MAX(figure.denominator) OVER (PARTITION BY figure.key, figures."in_REF_AREA", figures."in_TIME_PERIOD") > 0
          THEN figure.scale * figure.numerator
        END
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
    CAST(CASE
      WHEN figure.kind <> 'count'
      OR MAX(figure.denominator) OVER (PARTITION BY figure.key, figures."in_REF_AREA", figures."in_TIME_PERIOD") > 0
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
      "all_VICTIM_GROUP" OR NOT figures."in_VICTIM_GROUP" IS NULL
    )
    AND (
      "all_SEX" OR NOT figures."in_SEX" IS NULL
    )
    AND (
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "VICTIM_GROUP",
  "SEX",
  "TIME_PERIOD"
