/* survey/prefecture.c - codes after JIS X 0401, names, census of 2020. */
#include "survey/prefecture.h"

#include <string.h>

static const struct prefecture prefectures[PREFECTURE_COUNT] = {
	{1, "01", "北海道", "Hokkaido", 5224614},
	{2, "02", "青森県", "Aomori", 1237984},
	{3, "03", "岩手県", "Iwate", 1210534},
	{4, "04", "宮城県", "Miyagi", 2301996},
	{5, "05", "秋田県", "Akita", 959502},
	{6, "06", "山形県", "Yamagata", 1068027},
	{7, "07", "福島県", "Fukushima", 1833152},
	{8, "08", "茨城県", "Ibaraki", 2867009},
	{9, "09", "栃木県", "Tochigi", 1933146},
	{10, "10", "群馬県", "Gunma", 1939110},
	{11, "11", "埼玉県", "Saitama", 7344765},
	{12, "12", "千葉県", "Chiba", 6284480},
	{13, "13", "東京都", "Tokyo", 14047594},
	{14, "14", "神奈川県", "Kanagawa", 9237337},
	{15, "15", "新潟県", "Niigata", 2201272},
	{16, "16", "富山県", "Toyama", 1034814},
	{17, "17", "石川県", "Ishikawa", 1132526},
	{18, "18", "福井県", "Fukui", 766863},
	{19, "19", "山梨県", "Yamanashi", 809974},
	{20, "20", "長野県", "Nagano", 2048011},
	{21, "21", "岐阜県", "Gifu", 1978742},
	{22, "22", "静岡県", "Shizuoka", 3633202},
	{23, "23", "愛知県", "Aichi", 7542415},
	{24, "24", "三重県", "Mie", 1770254},
	{25, "25", "滋賀県", "Shiga", 1413610},
	{26, "26", "京都府", "Kyoto", 2578087},
	{27, "27", "大阪府", "Osaka", 8837685},
	{28, "28", "兵庫県", "Hyogo", 5465002},
	{29, "29", "奈良県", "Nara", 1324473},
	{30, "30", "和歌山県", "Wakayama", 922584},
	{31, "31", "鳥取県", "Tottori", 553407},
	{32, "32", "島根県", "Shimane", 671126},
	{33, "33", "岡山県", "Okayama", 1888432},
	{34, "34", "広島県", "Hiroshima", 2799702},
	{35, "35", "山口県", "Yamaguchi", 1342059},
	{36, "36", "徳島県", "Tokushima", 719559},
	{37, "37", "香川県", "Kagawa", 950244},
	{38, "38", "愛媛県", "Ehime", 1334841},
	{39, "39", "高知県", "Kochi", 691527},
	{40, "40", "福岡県", "Fukuoka", 5135214},
	{41, "41", "佐賀県", "Saga", 811442},
	{42, "42", "長崎県", "Nagasaki", 1312317},
	{43, "43", "熊本県", "Kumamoto", 1738301},
	{44, "44", "大分県", "Oita", 1123852},
	{45, "45", "宮崎県", "Miyazaki", 1069576},
	{46, "46", "鹿児島県", "Kagoshima", 1588256},
	{47, "47", "沖縄県", "Okinawa", 1467480},
};

const struct prefecture *
prefecture_get(unsigned code)
{
	if (code < 1 || code > PREFECTURE_COUNT)
		return NULL;
	return &prefectures[code - 1];
}

enum err
prefecture_parse(struct bytes text, const struct prefecture **ret)
{
	const struct prefecture *p;

	if (text.len != 2 || text.data[0] < '0' || text.data[0] > '9' ||
	    text.data[1] < '0' || text.data[1] > '9')
		return ERR_SYNTAX;
	p = prefecture_get((unsigned)(text.data[0] - '0') * 10 +
	    (unsigned)(text.data[1] - '0'));
	if (p == NULL)
		return ERR_RANGE;
	*ret = p;
	return ERR_OK;
}
