"""What people call places, where the time zone data does not know the name.

Values are names separated by commas. Where one name could mean several places, the table has the
one that most people mean.
"""

# Countries with several zones where one clock is meant unless a far part is named.
MAIN_ZONES = {
    "AR": "America/Argentina/Buenos_Aires", "BR": "America/Sao_Paulo", "CL": "America/Santiago",
    "CN": "Asia/Shanghai", "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "KZ": "Asia/Almaty", "MH": "Pacific/Majuro", "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PS": "Asia/Gaza", "PT": "Europe/Lisbon", "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
}  # fmt: skip

# Cities to name where a country has several times.
EXAMPLES = {
    "AU": "Sydney, Adelaide or Perth",
    "CA": "Toronto, Winnipeg or Vancouver",
    "ID": "Jakarta, Makassar or Jayapura",
    "RU": "Moscow, Novosibirsk or Vladivostok",
    "US": "New York, Chicago or Los Angeles",
}

# Countries by names that the data does not use.
COUNTRY_NAMES = {
    "GB": "UK, United Kingdom, Great Britain, Britain, England, Scotland, Wales, Northern Ireland",
    "US": "USA, US, America, United States of America, the States",
    "KR": "South Korea, Korea, Republic of Korea", "KP": "North Korea",
    "AE": "UAE, Emirates", "CZ": "Czechia", "NL": "Holland", "TR": "Türkiye",
    "CI": "Ivory Coast", "MM": "Myanmar, Burma", "SZ": "Eswatini, Swaziland",
    "CD": "DR Congo, Democratic Republic of the Congo", "CG": "Republic of the Congo",
    "CF": "Central African Republic", "VA": "Vatican", "BA": "Bosnia", "MK": "Macedonia",
    "TL": "Timor-Leste", "CV": "Cabo Verde", "WS": "Samoa", "RU": "Russian Federation",
    "MO": "Macao", "VC": "Saint Vincent", "LC": "Saint Lucia", "TT": "Trinidad, Tobago",
    "AG": "Antigua", "CN": "PRC, mainland China",
}  # fmt: skip

# Cities that share the clock of another, and the short names of zones.
CITIES = {
    "America/New_York": "Washington, Washington DC, Boston, Philadelphia, Miami, Atlanta, Orlando, "
    "Baltimore, Pittsburgh, Cleveland, Charlotte, Tampa, Buffalo, NYC, New York City, Manhattan, "
    "Brooklyn, Eastern time, ET, EST, EDT",
    "America/Detroit": "Ann Arbor",
    "America/Chicago": "Dallas, Houston, Austin, San Antonio, New Orleans, Minneapolis, Nashville, "
    "Memphis, Milwaukee, St Louis, Saint Louis, Kansas City, Oklahoma City, Omaha, Fort Worth, "
    "Central time, CT, CST, CDT",
    "America/Denver": "Salt Lake City, Albuquerque, Santa Fe, Colorado Springs, Boulder, El Paso, "
    "Mountain time, MT, MDT",
    "America/Phoenix": "Tucson, Scottsdale",
    "America/Los_Angeles": "San Francisco, San Diego, San Jose, Silicon Valley, Seattle, Portland, "
    "Las Vegas, Sacramento, Oakland, Palo Alto, Hollywood, LA, SF, Pacific time, PT, PST, PDT",
    "Pacific/Honolulu": "Hawaii time, Waikiki",
    "America/Toronto": "Ottawa, Quebec City",
    "America/Edmonton": "Calgary, Banff",
    "America/Vancouver": "Whistler",
    "America/Mexico_City": "Guadalajara, Puebla",
    "America/Tijuana": "Ensenada",
    "America/Sao_Paulo": "Rio de Janeiro, Rio, Brasilia, Brasília, Belo Horizonte, Curitiba, "
    "Porto Alegre",
    "America/Bahia": "Salvador",
    "America/Bogota": "Medellin, Cali, Cartagena",
    "America/Lima": "Cusco",
    "America/Jamaica": "Kingston",
    "America/Guayaquil": "Quito",
    "America/La_Paz": "Sucre, Santa Cruz de la Sierra",
    "Europe/London": "Manchester, Birmingham, Liverpool, Leeds, Bristol, Cambridge, Oxford, "
    "Edinburgh, Glasgow, Cardiff, Newcastle, BST",
    "Europe/Dublin": "Cork, Galway",
    "Europe/Paris": "Lyon, Marseille, Nice, Toulouse, Bordeaux, Lille, Strasbourg, Nantes, Cannes, "
    "CEST, Central European time",
    "Europe/Berlin": "Munich, München, Frankfurt, Hamburg, Cologne, Köln, Stuttgart, Düsseldorf, "
    "Leipzig, Dresden, Hanover, Nuremberg, Bonn",
    "Europe/Vienna": "Salzburg, Graz, Innsbruck, Linz",
    "Europe/Zurich": "Geneva, Basel, Bern, Lausanne, Davos, Lugano",
    "Europe/Rome": "Milan, Naples, Florence, Venice, Turin, Bologna, Palermo, Pisa, Verona, Genoa",
    "Europe/Madrid": "Barcelona, Valencia, Seville, Malaga, Bilbao, Granada, Palma, Ibiza",
    "Atlantic/Canary": "Tenerife, Las Palmas, Canary Islands",
    "Europe/Lisbon": "Porto, Faro",
    "Europe/Amsterdam": "Rotterdam, The Hague, Utrecht, Eindhoven",
    "Europe/Brussels": "Antwerp, Ghent, Bruges",
    "Europe/Warsaw": "Krakow, Kraków, Gdansk, Wroclaw",
    "Europe/Stockholm": "Gothenburg, Malmö",
    "Europe/Oslo": "Bergen, Trondheim",
    "Europe/Copenhagen": "Aarhus",
    "Europe/Athens": "Thessaloniki, Santorini, EET",
    "Europe/Prague": "Brno",
    "Europe/Kyiv": "Kiev, Lviv, Odesa, Odessa, Kharkiv",
    "Europe/Moscow": "Saint Petersburg, St Petersburg, Sochi, MSK",
    "Europe/Istanbul": "Ankara, Izmir, Antalya",
    "Africa/Johannesburg": "Cape Town, Pretoria, Durban",
    "Africa/Cairo": "Alexandria, Giza",
    "Africa/Casablanca": "Marrakesh, Marrakech, Rabat, Fes, Tangier",
    "Africa/Lagos": "Abuja",
    "Africa/Nairobi": "Mombasa",
    "Africa/Dar_es_Salaam": "Zanzibar, Dodoma",
    "Asia/Dubai": "Abu Dhabi, Sharjah",
    "Asia/Riyadh": "Jeddah, Mecca, Medina",
    "Asia/Jerusalem": "Haifa, Eilat",
    "Asia/Karachi": "Islamabad, Lahore",
    "Asia/Kolkata": "Mumbai, Bombay, Delhi, New Delhi, Bangalore, Bengaluru, Chennai, Madras, "
    "Hyderabad, Pune, Ahmedabad, Jaipur, Goa, IST",
    "Asia/Dhaka": "Chittagong",
    "Asia/Shanghai": "Beijing, Peking, Shenzhen, Guangzhou, Chengdu, Hangzhou, Wuhan, Nanjing, "
    "Tianjin, Xian",
    "Asia/Tokyo": "Osaka, Kyoto, Yokohama, Nagoya, Sapporo, Fukuoka, Hiroshima, Kobe, JST",
    "Asia/Seoul": "Busan, Incheon, KST",
    "Asia/Ho_Chi_Minh": "Hanoi, Da Nang, Saigon",
    "Asia/Bangkok": "Chiang Mai, Phuket, Pattaya",
    "Asia/Jakarta": "Bandung, Surabaya",
    "Asia/Makassar": "Bali, Denpasar",
    "Asia/Manila": "Cebu, Quezon City",
    "Asia/Taipei": "Kaohsiung",
    "Asia/Singapore": "SGT",
    "Australia/Sydney": "AEST, AEDT",
    "Australia/Melbourne": "Geelong",
    "Australia/Brisbane": "Gold Coast, Cairns",
    "Australia/Perth": "Fremantle",
    "Pacific/Auckland": "Wellington, Christchurch, Queenstown",
    "UTC": "Coordinated Universal Time",
    "GMT": "Greenwich Mean Time",
}

# States and provinces, so that "Portland, Maine" is not taken for Portland in Oregon: zones of
# each, the one of most people first.
STATES = {
    "America/New_York": "Connecticut, Delaware, Georgia, Maine, Maryland, Massachusetts, "
    "New Hampshire, New Jersey, New York, New York State, North Carolina, Ohio, Pennsylvania, "
    "Rhode Island, South Carolina, Vermont, Virginia, West Virginia, DC, "
    "District of Columbia",
    "America/New_York America/Chicago": "Florida",
    "America/New_York America/Kentucky/Louisville America/Chicago": "Kentucky",
    "America/Detroit America/New_York": "Michigan",
    "America/Indiana/Indianapolis America/New_York America/Chicago": "Indiana",
    "America/Chicago": "Alabama, Arkansas, Illinois, Iowa, Louisiana, Minnesota, Mississippi, "
    "Missouri, Oklahoma, Wisconsin",
    "America/Chicago America/New_York": "Tennessee",
    "America/Chicago America/Denver": "Kansas, Nebraska, North Dakota, South Dakota, Texas",
    "America/Denver": "Colorado, Montana, New Mexico, Utah, Wyoming",
    "America/Boise America/Denver America/Los_Angeles": "Idaho",
    "America/Phoenix": "Arizona",
    "America/Los_Angeles": "California, Nevada, Washington, Washington State",
    "America/Los_Angeles America/Boise": "Oregon",
    "America/Anchorage America/Juneau America/Nome America/Sitka": "Alaska",
    "Pacific/Honolulu": "Hawaii",
    "America/Toronto": "Ontario, Quebec",
    "America/Winnipeg": "Manitoba",
    "America/Regina": "Saskatchewan",
    "America/Edmonton": "Alberta",
    "America/Vancouver": "British Columbia",
    "America/Halifax": "Nova Scotia",
    "America/Moncton": "New Brunswick",
    "America/St_Johns": "Newfoundland",
    "Australia/Sydney": "New South Wales",
    "Australia/Melbourne": "Victoria",
    "Australia/Brisbane": "Queensland",
    "Australia/Adelaide": "South Australia",
    "Australia/Perth": "Western Australia",
    "Australia/Hobart": "Tasmania",
    "Australia/Darwin": "Northern Territory",
    "Asia/Kolkata": "Kerala, Maharashtra, Karnataka, Tamil Nadu, Goa",
    "Europe/Berlin": "Bavaria",
}
