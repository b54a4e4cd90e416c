WITH current AS (
  SELECT
    *
  FROM records
), derived AS (
  SELECT
    *
  FROM current
), coded AS (
  SELECT
    "year" AS "TIME_PERIOD",
    CASE CAST("country" AS TEXT)
      WHEN 'kenya'
      THEN 'KE'
      WHEN 'nepal'
      THEN 'NP'
      WHEN 'peru'
      THEN 'PE'
    END AS "REF_AREA",
    1 AS _w,
    _delivery,
    CAST((
      data_on_men
    ) AS INT) AS _y0,
    1 AS _x0,
    CAST((
      data_on_other_women
    ) AS INT) AS _y1,
    1 AS _x1,
    CAST((
      leadership
    ) AS INT) AS _y2,
    1 AS _x2,
    CAST((
      conflict
    ) AS INT) AS _y3,
    1 AS _x3,
    CAST((
      conflict_state
    ) AS INT) AS _y4,
    1 AS _x4,
    CAST((
      conflict_company
    ) AS INT) AS _y5,
    1 AS _x5,
    CAST((
      conflict_neighbours
    ) AS INT) AS _y6,
    1 AS _x6,
    CAST((
      land_lost
    ) AS INT) AS _y7,
    1 AS _x7,
    CAST((
      school_km
    ) AS DOUBLE) AS _y8,
    1 AS _x8
  FROM derived
), sums AS (
  SELECT
    "TIME_PERIOD",
    "REF_AREA",
    GROUPING("REF_AREA") = 1 AS "all_REF_AREA",
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
      NOT _y5 IS NULL AND NOT _x5 IS NULL) AS _den5,
    COUNT(*) FILTER(WHERE
      NOT _y6 IS NULL AND NOT _x6 IS NULL) AS _n6,
    COUNT(*) FILTER(WHERE
      NOT _y6 IS NULL AND NOT _x6 IS NULL AND _y6 = 1) AS _k6,
    SUM(_w * _y6) FILTER(WHERE
      NOT _y6 IS NULL AND NOT _x6 IS NULL) AS _num6,
    SUM(_w * _x6) FILTER(WHERE
      NOT _y6 IS NULL AND NOT _x6 IS NULL) AS _den6,
    COUNT(*) FILTER(WHERE
      NOT _y7 IS NULL AND NOT _x7 IS NULL) AS _n7,
    COUNT(*) FILTER(WHERE
      NOT _y7 IS NULL AND NOT _x7 IS NULL AND _y7 = 1) AS _k7,
    SUM(_w * _y7) FILTER(WHERE
      NOT _y7 IS NULL AND NOT _x7 IS NULL) AS _num7,
    SUM(_w * _x7) FILTER(WHERE
      NOT _y7 IS NULL AND NOT _x7 IS NULL) AS _den7,
    COUNT(*) FILTER(WHERE
      NOT _y8 IS NULL AND NOT _x8 IS NULL) AS _n8,
    COUNT(*) FILTER(WHERE
      NOT _y8 IS NULL AND NOT _x8 IS NULL AND FALSE) AS _k8,
    SUM(_w * _y8) FILTER(WHERE
      NOT _y8 IS NULL AND NOT _x8 IS NULL) AS _num8,
    SUM(_w * _x8) FILTER(WHERE
      NOT _y8 IS NULL AND NOT _x8 IS NULL) AS _den8
  FROM coded
  GROUP BY
    GROUPING SETS (
      (
        "TIME_PERIOD"
      ),
      ("TIME_PERIOD", "REF_AREA")
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
        {'key': 'I31_MEN', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n0, 'k': _k0, 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'set_INDICATOR': 'I31', 'set_ITEM': 'INDIGENOUS_MEN', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'I31_OTHER_WOMEN', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n1, 'k': _k1, 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'set_INDICATOR': 'I31', 'set_ITEM': 'NON_INDIGENOUS_WOMEN', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'I128', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n2, 'k': _k2, 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_TERRITORY_CONFLICT', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n3, 'k': _k3, 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_STATE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n4, 'k': _k4, 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'STATE', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_COMPANY', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n5, 'k': _k5, 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'COMPANY', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_NEIGHBOURS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n6, 'k': _k6, 'numerator': CAST(_num6 AS DOUBLE), 'denominator': CAST(_den6 AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'NEIGHBOURS', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_LAND_LOSS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n7, 'k': _k7, 'numerator': CAST(_num7 AS DOUBLE), 'denominator': CAST(_den7 AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_SCHOOL_DISTANCE', 'kind': 'mean', 'scale': CAST(1 AS DOUBLE), 'n': _n8, 'k': CAST(NULL AS BIGINT), 'numerator': CAST(_num8 AS DOUBLE), 'denominator': CAST(_den8 AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': 'KM'}
      ]
    ) AS figure
  FROM sums
), observations AS (
  SELECT
    CAST('OA' AS TEXT) AS "FREQ",
    CAST(CASE WHEN "all_REF_AREA" THEN '_T' ELSE figures."REF_AREA" END AS TEXT) AS "REF_AREA",
    CAST(COALESCE(figure."set_INDICATOR", figure.key) AS TEXT) AS "INDICATOR",
    CAST('LCS' AS TEXT) AS "QUESTIONNAIRE",
    CAST(COALESCE(figure."set_ITEM", '_T') AS TEXT) AS "ITEM",
    CAST(figures."TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        ELSE figure.scale * figure.numerator / NULLIF(figure.denominator, 0)
      END,
      1
    ) AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE WHEN figure.kind <> 'count' OR figure.denominator > 0 THEN 'A' ELSE 'L' END AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST(COALESCE(figure."set_UNIT_MEASURE", 'PT') AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('1' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST('Indigenous Navigator, long community survey (synthetic demonstration data)' AS TEXT) AS "SOURCE_DETAIL",
    CAST('Unit: communities, one collective answer each; not persons.' AS TEXT) AS "COMMENT_OBS",
    CAST('Indigenous communities through the Indigenous Navigator' AS TEXT) AS "DATA_PROVIDER",
    CAST(figure.n AS BIGINT) AS "_n",
    CAST(figure.k AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST(figure.kind AS TEXT) AS "_kind",
    CAST('indigenous_navigator/community_survey' AS TEXT) AS "_dataset",
    CAST(deliveries AS TEXT[]) AS "_deliveries"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."TIME_PERIOD"
  WHERE
    (
      "all_REF_AREA" OR NOT figures."REF_AREA" IS NULL
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
  "QUESTIONNAIRE",
  "ITEM",
  "TIME_PERIOD"
