"""Final Cut documents made to ask a single question, and one that holds everything."""

from __future__ import annotations


def document(
    spine: str, frame: str = "1/24s", resources: str = "", start: str = "0s", drop: str = "NDF"
) -> str:
    """A document whose one sequence plays this spine, with media of several kinds on its shelf."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.11"><resources>
<format id="r1" frameDuration="{frame}" width="1920" height="1080"/>
<format id="r25" name="FFVideoFormat1080p25" frameDuration="100/2500s"/>
<asset id="a" name="A" start="0s" duration="500s" hasVideo="1" hasAudio="1" format="r1">
  <media-rep kind="original-media" src="file:///media/A%20roll.mov"/>
  <media-rep kind="proxy-media" src="file:///proxies/A.mov"/></asset>
<asset id="tc" name="TC" start="3600s" duration="60s" hasVideo="1" format="r1">
  <media-rep src="file:///media/tc.mov"/></asset>
<asset id="pal" name="PAL" duration="100s" hasVideo="1" format="r25" src="file:///media/pal.mov"/>
<asset id="snd" name="S" duration="480007/48000s" hasAudio="1" audioRate="48000">
  <media-rep src="file:///media/s.wav"/></asset>
<asset id="still" name="P" start="0s" duration="0s" hasVideo="1" format="none"
  src="file:///media/p.png"/>
<effect id="t" name="Basic Title" uid="t.moti"/>
{resources}
</resources><library location="file:///lib/"><event name="ev"><project name="cut">
<sequence format="r1" duration="100s" tcStart="{start}" tcFormat="{drop}"><spine>{spine}</spine>
</sequence></project></event></library></fcpxml>"""


COMPOUND = """<media id="m" name="Compound"><sequence format="r1" duration="10s" tcStart="3600s">
<spine><asset-clip ref="a" name="in" offset="3600s" start="20s" duration="10s">
<marker start="21s" duration="1/24s" value="inside"/></asset-clip></spine></sequence></media>"""
"""A compound clip of ten seconds that starts at one hour."""

MULTICAM = """<media id="mc" name="MC"><multicam format="r1" tcStart="3600s">
<mc-angle name="A" angleID="1"><gap offset="3600s" start="3600s" duration="2s"/>
<asset-clip ref="a" name="cam a" offset="3602s" duration="9s"/></mc-angle>
<mc-angle name="B" angleID="2"><clip offset="3600s" name="cam b" start="5s" duration="9s">
<video ref="a" offset="0s" start="100s" duration="20s"><audio ref="a" lane="-1" offset="0s"
 duration="9s"/></video></clip></mc-angle>
<mc-angle name="M" angleID="3"><asset-clip ref="snd" name="music" offset="3600s" duration="9s"/>
</mc-angle></multicam></media>"""
"""Three angles: pictures in two, music in the third."""

RICH = document(
    '<transition name="Cross Dissolve" offset="0s" duration="1s"/>'
    '<sync-clip offset="0s" start="3610s" duration="5s"><asset-clip ref="tc" offset="3600s"'
    ' start="3600s" duration="50s"><asset-clip ref="snd" lane="-1" offset="3612s" duration="3s"/>'
    '</asset-clip><title ref="t" lane="1" offset="3611s" start="3600s" duration="1s"/></sync-clip>'
    '<mc-clip ref="mc" offset="5s" start="3601s" duration="4s"><mc-source angleID="2"/></mc-clip>'
    '<ref-clip ref="m" offset="9s" start="3602s" duration="5s"><timeMap>'
    '<timept time="0s" value="0s"/><timept time="20s" value="10s"/></timeMap></ref-clip>'
    '<audition offset="14s"><asset-clip ref="pal" duration="3s"><conform-rate srcFrameRate="25"/>'
    '</asset-clip><asset-clip ref="a" duration="3s"/></audition>'
    '<gap offset="17s" start="3600s" duration="4s"><marker start="3601s" duration="1/24s"'
    ' value="SU insert" note="su: insert 24f | gull"/></gap>',
    resources=COMPOUND + MULTICAM,
)
"""A document that holds everything Final Cut has."""
