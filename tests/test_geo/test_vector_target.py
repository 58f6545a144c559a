# Copyright (c) mmrrsis contributors.
import geopandas
import numpy as np
import pytest
from shapely.geometry import Point, box


class Untouched:
    """Must not be asked."""

    mask_threshold = 0.5

    def predict_probabilities(self, images, expressions):
        pytest.fail('the model ran before the mistake was found')

    def check_words(self, expressions, force):
        return ()


@pytest.fixture
def scene(write_scene, blocks):
    return write_scene(blocks())


def roads(path, layer, **options):
    frame = geopandas.GeoDataFrame(dict(name=['A 1', 'A 2']), geometry=[Point(1, 2), Point(3, 4)], crs='EPSG:32633')
    frame.to_file(path, layer=layer, engine='pyogrio', **options)


def layers(path):
    return sorted(geopandas.list_layers(path)['name'])


def test_layers_of_others_stay(segment, model, scene, tmp_path):
    path = tmp_path / 'mine.gpkg'
    roads(path, 'roads')
    for _ in range(2):  # the second time one's own layer is replaced
        segment(model, scene, vector=path)
        assert layers(path) == ['mine', 'roads']
        assert geopandas.read_file(path, layer='roads')['name'].tolist() == ['A 1', 'A 2']
        assert len(geopandas.read_file(path, layer='mine')) == 3
    segment(model, scene, 'G', vector=path)
    assert len(geopandas.read_file(path, layer='mine')) == 0
    segment(model, scene, vector=path)  # an empty layer is one's own too
    assert sorted(item.name for item in tmp_path.iterdir()) == ['mine.gpkg', 'scene.tif']


def test_a_layer_of_others_of_the_same_name_is_replaced_only_when_asked(segment, model, scene, tmp_path):
    path = tmp_path / 'mine.gpkg'
    roads(path, 'mine')
    roads(path, 'roads', mode='a')
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"mine.gpkg exists and holds a layer 'mine' with .*name.* --overwrite"):
        segment(Untouched(), scene, vector=path)
    assert path.read_bytes() == before
    segment(model, scene, vector=path, overwrite=True)
    assert layers(path) == ['mine', 'roads'] and len(geopandas.read_file(path, layer='mine')) == 3
    assert geopandas.read_file(path, layer='roads')['name'].tolist() == ['A 1', 'A 2']


def test_a_geojson_of_others_is_replaced_only_when_asked(segment, model, scene, tmp_path):
    path = tmp_path / 'mine.geojson'
    roads(path, 'whatever', driver='GeoJSON')
    with pytest.raises(ValueError, match=r'mine.geojson exists and holds a layer .* --overwrite'):
        segment(Untouched(), scene, vector=path)
    segment(model, scene, vector=path, overwrite=True)
    assert len(geopandas.read_file(path)) == 3
    segment(model, scene, vector=path)
    assert len(geopandas.read_file(path)) == 3


@pytest.mark.parametrize('name', ['mine.gpkg', 'mine.geojson'])
def test_what_is_no_file_of_polygons_is_replaced_only_when_asked(segment, model, scene, tmp_path, name):
    path = tmp_path / name
    path.write_text('my notes')
    with pytest.raises(ValueError, match=r'exists and holds no polygons'):
        segment(Untouched(), scene, vector=path)
    assert path.read_text() == 'my notes'
    segment(model, scene, vector=path, overwrite=True)
    assert len(geopandas.read_file(path)) == 3


def test_a_geopackage_with_unsaved_changes_elsewhere_is_left_alone(segment, scene, tmp_path):
    roads(tmp_path / 'mine.gpkg', 'roads')
    (tmp_path / 'mine.gpkg-wal').write_bytes(b'changes')
    with pytest.raises(ValueError, match=r'mine.gpkg is open in another program'):
        segment(Untouched(), scene, vector=tmp_path / 'mine.gpkg', overwrite=True)


def test_equal_expressions_count_each_its_own_polygons(segment, model, scene, tmp_path):
    result = segment(model, scene, ['R', 'R', 'G'], vector=tmp_path / 'v.gpkg')
    assert result.polygons == (3, 3, 0)


def test_polygons_lie_where_the_mask_is_whatever_the_name(segment, model, scene, tmp_path):
    path = tmp_path / 'a[1].gpkg'
    segment(model, scene, vector=path, mask=tmp_path / 'm[1].tif')
    assert (
        geopandas.read_file(path)
        .union_all()
        .equals(geopandas.GeoSeries([box(x, y, x + w, y + h) for x, y, w, h in BLOCKS], crs=32633).union_all())
    )
    assert sorted(item.name for item in tmp_path.iterdir()) == ['a[1].gpkg', 'm[1].tif', 'scene.tif']


# Corner, width and height of the blocks in metres of UTM, from rows and columns of half a metre.
BLOCKS = [
    (500_000 + 0.5 * column, 4_649_000 - 0.5 * (row + height), 0.5 * width, 0.5 * height)
    for row, column, height, width in np.array([(4, 5, 6, 20), (20, 40, 13, 12), (15, 2, 1, 1)])
]
