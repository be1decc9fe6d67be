package models

// sampleTexts are what autotune measures back ends with when the engine opens: prose like
// that of the chains, strung together to texts of several lengths.
var sampleTexts = []string{
	"The dough rose overnight in the fridge and doubled, but the crust came out pale. Was the oven not hot enough?",
	"Mine does that too when I forget the steam. Put a tray of boiling water on the lowest rack for the first ten minutes.",
	"I'm on kernel 6.8 with the proprietary driver, and after suspend the second monitor stays black until I replug it.",
	"lol same 😂",
	"Two months ago we moved the whole team to a four-day week; nobody wants to go back, and the numbers did not change.",
	"Has anyone compared the 2019 edition with the new one? The maps seem to be redrawn, the index is gone, and it costs twice as much.",
	"Thanks, that fixed it.",
	"Her argument rests on one survey of 212 students in a single town, so I would not call it settled, whatever the headline says.",
	"Check the bearings first: spin the wheel with your hand on the fork, and if you feel a rumble, that's your noise.",
	"We saw it from the north ridge at about 2 am, low in the south, with 10x50 binoculars and no moon. A faint green smudge.",
}
