"""People and their duplicates, with errors that neither FEBRL's generator nor the demo brand makes.

Chinese names lose a character, are heard (homophones) or misread (characters that look alike), are
spelled by syllable or with the surname last, or carry a title; addresses come with and without
province, city, compound and flat; birthdays are a year off or have digits exchanged. Latin names
come as initials, short forms, double names cut, accents dropped, surname first; addresses are
abbreviated. Beside them live strangers that are hard to tell apart: families under one roof, people
of one name, people of one birthday, neighbours in one house.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pypinyin import lazy_pinyin

from tests.matching.harness import Record

SURNAMES = (
    "赵钱孙周吴郑冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严"
    "华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗"
)
GIVEN = (
    "伯仲叔永长久安康宝成达德东方飞丰福刚冠光广贵国海寒瀚航豪浩恒宏鸿厚虎怀焕辉健江杰锦景靖君俊凯科坤朗力立良"
    "林麟铭木楠宁诺鹏启千乾青清庆荣瑞森山尚绍升世树帅硕松泰腾天庭威维伟炜文武熙翔潇新信兴雄秀旭轩学雅炎彦阳业"
)
HOMOPHONES = {
    "伟": "炜维威", "杰": "洁捷", "明": "铭鸣", "君": "军钧", "林": "琳霖",
    "青": "清卿", "宏": "鸿红", "辉": "晖徽", "俊": "峻骏", "雅": "亚",
    "彦": "艳燕", "旭": "绪", "瑞": "睿", "文": "雯闻", "世": "仕士",
    "立": "力丽", "国": "帼", "新": "欣馨", "江": "姜", "健": "建剑",
    "天": "添", "安": "桉", "成": "诚承",
}  # fmt: skip
LOOK_ALIKE = {
    "木": "本", "天": "夭", "千": "干", "力": "刀", "宁": "宇",
    "光": "先", "永": "水", "泰": "秦", "业": "亚", "成": "戍",
    "伯": "佰", "昌": "冒", "航": "杭", "铭": "铬", "浩": "洁",
    "帅": "师", "松": "忪", "庆": "厌",
}  # fmt: skip
CITIES = (
    ("河北省", "石家庄市", ("长安区", "桥西区", "裕华区")),
    ("河南省", "郑州市", ("金水区", "中原区", "二七区")),
    ("安徽省", "合肥市", ("蜀山区", "包河区", "庐阳区")),
    ("江西省", "南昌市", ("东湖区", "西湖区", "青山湖区")),
    ("云南省", "昆明市", ("五华区", "盘龙区", "官渡区")),
    ("山西省", "太原市", ("小店区", "迎泽区", "杏花岭区")),
    ("吉林省", "长春市", ("南关区", "宽城区", "朝阳区")),
    ("浙江省", "宁波市", ("海曙区", "江北区", "鄞州区")),
)
ROADS = [
    "民主",
    "胜利",
    "青年",
    "友谊",
    "光明",
    "迎宾",
    "滨河",
    "兴华",
    "育才",
    "东风",
    "劳动",
    "工农",
    "建设",
    "团结",
    "平安",
    "振兴",
    "朝阳",
    "公园",
    "花园",
    "环城",
]
COMPOUNDS = ["金域", "蓝湾", "翠苑", "阳光", "紫荆", "锦绣", "世纪", "康桥", "御景", "丽景"]
LATIN_GIVEN = [
    "Amélie",
    "Beatriz",
    "Carlos",
    "Dmitri",
    "Élodie",
    "Francesca",
    "Giovanni",
    "Henrik",
    "Ingrid",
    "João",
    "Katarzyna",
    "Lorenzo",
    "Maria",
    "Nikolai",
    "Oskar",
    "Paulina",
    "Quentin",
    "Rosalind",
    "Siobhan",
    "Théodore",
    "Ursula",
    "Valentina",
    "William",
    "Ximena",
    "Yannick",
    "Zoltan",
    "Margaret",
    "Elizabeth",
    "Robert",
    "Richard",
    "Michael",
    "Catherine",
    "Anthony",
    "Alexander",
    "Benjamin",
    "Stephanie",
]
SHORT = {
    "William": "Bill", "Margaret": "Peggy", "Elizabeth": "Liz", "Robert": "Bob", "Richard": "Dick",
    "Michael": "Mike", "Catherine": "Kate", "Anthony": "Tony", "Alexander": "Alex",
    "Benjamin": "Ben", "Stephanie": "Steph",
}  # fmt: skip
LATIN_SURNAMES = [
    "Müller",
    "Schröder",
    "Nowakowski",
    "Fernández",
    "García",
    "Oliveira",
    "Rossi",
    "Bianchi",
    "Johansson",
    "Lindqvist",
    "O'Connor",
    "MacLeod",
    "Dubois",
    "Lefèvre",
    "Horváth",
    "Novák",
    "Kowalczyk",
    "Petrov",
    "Sørensen",
    "Virtanen",
    "Castellanos",
    "Montgomery",
    "Featherstone",
    "Abernathy",
    "Blackwood",
    "Whitaker",
    "Hargreaves",
    "Pemberton",
    "Ashworth",
    "Fairchild",
]
LATIN_STREETS = [
    "Oak",
    "Maple",
    "Cedar",
    "Highland",
    "Lakeview",
    "Riverside",
    "Chestnut",
    "Willow",
    "Sunset",
    "Meadow",
    "Juniper",
    "Hawthorne",
    "Prospect",
    "Franklin",
    "Jefferson",
    "Madison",
    "Lincoln",
    "Sheridan",
    "Wellington",
    "Kingsley",
]
LATIN_KINDS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Lane", "Ln"), ("Drive", "Dr"))
LATIN_TOWNS = [
    "Ashford",
    "Brookfield",
    "Clayton",
    "Dunmore",
    "Eastleigh",
    "Fairview",
    "Glenwood",
    "Hartley",
    "Kingsbury",
]


@dataclass(frozen=True)
class Person:
    """Who somebody is."""

    number: int
    surname: str
    given: str
    birthday: date
    gender: str
    province: str
    city: str
    district: str
    street: str
    house: int
    compound: str
    flat: str
    is_latin: bool = False


def brand(seed: int, people: int) -> tuple[list[Record], list[str]]:
    """Records of so many people, about half of them with a duplicate; and whose each record is."""
    rng = random.Random(seed)
    crowd: list[Person] = []
    while len(crowd) < people:
        make = latin_person if rng.random() < 0.3 else chinese_person
        somebody = make(rng, len(crowd))
        crowd.append(somebody)
        for stranger in _hard_strangers(rng, somebody):
            crowd.append(replace(stranger, number=len(crowd)))
    records: list[Record] = []
    truth: list[str] = []
    for person in crowd:
        versions = [written(rng, person)]
        if rng.random() < 0.5:
            versions.append(written_again(rng, person))
        if rng.random() < 0.1:
            versions.append(written_again(rng, person))
        records += versions
        truth += [str(person.number)] * len(versions)
    order = list(range(len(records)))
    rng.shuffle(order)
    return (
        [replace(records[at], key=f"crm.members:{place}") for place, at in enumerate(order)],
        [truth[at] for at in order],
    )


def _hard_strangers(rng: random.Random, somebody: Person) -> list[Person]:
    """Others that share something with a person."""
    chance = rng.random()
    other = (latin_person if somebody.is_latin else chinese_person)(rng, 0)
    home = {
        part: getattr(somebody, part)
        for part in ("province", "city", "district", "street", "house", "compound", "flat")
    }
    if chance < 0.10 and not somebody.is_latin:  # spouse and child under one roof
        child = chinese_person(rng, 0)
        return [
            replace(other, **home),
            replace(child, surname=somebody.surname, **home),
        ]
    if chance < 0.14:  # one name
        return [replace(other, surname=somebody.surname, given=somebody.given)]
    if chance < 0.18:  # one birthday and one town
        return [
            replace(
                other,
                birthday=somebody.birthday,
                city=somebody.city,
                province=somebody.province,
                district=somebody.district,
            )
        ]
    if chance < 0.24:  # neighbours in one house
        return [replace(other, **{**home, "flat": str(rng.randint(101, 2_604))})]
    return []


def chinese_person(rng: random.Random, number: int) -> Person:
    """Somebody with a Chinese name."""
    province, city, districts = rng.choice(CITIES)
    return Person(
        number=number,
        surname=rng.choice(SURNAMES),
        given="".join(rng.sample(GIVEN, 2 if rng.random() < 0.8 else 1)),
        birthday=date(1955, 1, 1) + timedelta(days=rng.randrange(18_500)),
        gender=rng.choice(("female", "male")),
        province=province,
        city=city,
        district=rng.choice(districts),
        street=f"{rng.choice(ROADS)}{rng.choice(('路', '街', '大道', '北路'))}",
        house=rng.randint(1, 900),
        compound=rng.choice(COMPOUNDS),
        flat=str(rng.randint(101, 2_604)),
    )


def latin_person(rng: random.Random, number: int) -> Person:
    """Somebody with a Latin name."""
    surname = rng.choice(LATIN_SURNAMES)
    if rng.random() < 0.15:
        surname += f"-{rng.choice(LATIN_SURNAMES)}"
    kind = rng.choice(LATIN_KINDS)
    return Person(
        number=number,
        surname=surname,
        given=rng.choice(LATIN_GIVEN),
        birthday=date(1940, 1, 1) + timedelta(days=rng.randrange(24_000)),
        gender=rng.choice(("female", "male")),
        province="",
        city=rng.choice(LATIN_TOWNS),
        district=str(rng.randint(10_000, 99_999)),
        street=f"{rng.choice(LATIN_STREETS)} {kind[0]}",
        house=rng.randint(1, 4_000),
        compound="",
        flat=str(rng.randint(1, 60)) if rng.random() < 0.3 else "",
        is_latin=True,
    )


def written(rng: random.Random, person: Person) -> Record:
    """A person's record as it should be; some fields are left empty."""
    return Record(
        key="",
        name=full_name(person),
        birthday=person.birthday if rng.random() < 0.95 else None,
        gender=person.gender if rng.random() < 0.8 else None,
        address=address(person),
        city=person.city,
        district=None if person.is_latin else person.district,
        postcode=person.district if person.is_latin else None,
    )


def full_name(person: Person) -> str:
    """Name in the usual order."""
    if person.is_latin:
        return f"{person.given} {person.surname}"
    return person.surname + person.given


def address(person: Person) -> str:
    """The whole address within the town."""
    if person.is_latin:
        flat = f", Apt {person.flat}" if person.flat else ""
        return f"{person.house} {person.street}{flat}"
    return f"{person.street}{person.house}号{person.compound}小区{person.flat}室"


def written_again(rng: random.Random, person: Person) -> Record:
    """A second record of a person, with one to three errors; who has moved made no other."""
    record = written(rng, person)
    if rng.random() < 0.1:
        return replace(_moved(rng, person, record), birthday=person.birthday)
    errors: list[Callable[[random.Random, Person, Record], Record]]
    errors = [_other_name, _other_birthday, _other_address]
    for error in rng.sample(errors, rng.choice((1, 1, 1, 2, 2, 3))):
        record = error(rng, person, record)
    return record


def _other_name(rng: random.Random, person: Person, record: Record) -> Record:
    if person.is_latin:
        return replace(record, name=_other_latin_name(rng, person))
    surname, given = person.surname, person.given
    way = rng.choice(
        ("heard", "misread", "syllables", "surname_last", "title", "cut", "traditional")
    )
    if way == "heard":
        name = surname + "".join(_swapped(rng, letter, HOMOPHONES) for letter in given)
    elif way == "misread":
        name = surname + "".join(_swapped(rng, letter, LOOK_ALIKE) for letter in given)
    elif way == "syllables":
        name = " ".join(lazy_pinyin(surname + given)).upper()
    elif way == "surname_last":
        name = f"{''.join(lazy_pinyin(given)).capitalize()} {lazy_pinyin(surname)[0].capitalize()}"
    elif way == "title":
        name = surname + given + ("女士" if person.gender == "female" else "先生")
    elif way == "cut" and len(given) > 1:
        name = surname + rng.choice(given)
    else:
        name = "\u3000".join(surname + given)
    return replace(record, name=name)


def _swapped(rng: random.Random, letter: str, table: dict[str, str]) -> str:
    return rng.choice(table[letter]) if letter in table else letter


def _other_latin_name(rng: random.Random, person: Person) -> str:
    given, surname = person.given, person.surname
    way = rng.choice(("initial", "short", "plain", "surname_first", "half", "typo", "title"))
    if way == "initial":
        return f"{given[0]}. {surname}"
    if way == "short" and given in SHORT:
        return f"{SHORT[given]} {surname}"
    if way == "surname_first":
        return f"{surname}, {given}"
    if way == "half" and "-" in surname:
        return f"{given} {surname.split('-')[0]}"
    if way == "title":
        return f"{'Ms' if person.gender == 'female' else 'Mr'}. {given} {surname}"
    plain = f"{given} {surname}".translate(str.maketrans("éèöüáíãøñ", "eeouaiaon"))
    if way == "typo":
        at = rng.randrange(1, len(plain) - 1)
        return plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
    return plain


def _other_birthday(rng: random.Random, person: Person, record: Record) -> Record:
    born = person.birthday
    way = rng.choice(("year", "decade", "digits", "first", "none"))
    if way == "year":
        changed: date | None = born.replace(
            year=born.year + rng.choice((-1, 1)), day=min(born.day, 28)
        )
    elif way == "decade":
        changed = born.replace(year=born.year + rng.choice((-10, 10)), day=min(born.day, 28))
    elif way == "digits":
        turned = int(f"{born.day:02d}"[::-1])
        changed = born.replace(day=turned) if 1 <= turned <= 28 else born + timedelta(days=1)
    elif way == "first":
        changed = born.replace(day=1)
    else:
        changed = None
    return replace(record, birthday=changed)


def _moved(rng: random.Random, person: Person, record: Record) -> Record:
    other = (latin_person if person.is_latin else chinese_person)(rng, 0)
    return replace(
        record,
        address=address(other),
        city=other.city,
        district=None if other.is_latin else other.district,
        postcode=other.district if other.is_latin else None,
    )


def _other_address(rng: random.Random, person: Person, record: Record) -> Record:
    if person.is_latin:
        street, kind = person.street.split(" ")
        short = dict(LATIN_KINDS)[kind]
        way = rng.choice(("short", "no_flat", "typo", "no_postcode"))
        if way == "short":
            return replace(record, address=f"{person.house} {street.upper()} {short.upper()}.")
        if way == "typo":
            at = rng.randrange(1, len(street))
            return replace(record, address=f"{person.house} {street[:at]}{street[at - 1 :]} {kind}")
        if way == "no_postcode":
            return replace(record, postcode=None)
        return replace(record, address=f"{person.house} {person.street}")
    way = rng.choice(("whole", "short", "wide", "no_house"))
    if way == "whole":
        whole = f"{person.province}{person.city}{person.district}{address(person)}"
        return replace(record, address=whole, city=None, district=None)
    if way == "short":
        return replace(record, address=f"{person.street}{person.house}号{person.flat}")
    if way == "wide":
        wide = str(person.house).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        return replace(record, address=f"{person.street} {wide} 号 {person.compound}小区")
    return replace(record, address=f"{person.compound}小区{person.flat}室")
