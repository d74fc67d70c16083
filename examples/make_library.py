#!/usr/bin/env python3
"""Makes the starter keyword library from open word lists.

    python make_library.py --lexicons DIR --corpora DIR --out examples/library

The open lists hold names of people, places, films and events among their words, and ordinary words too. A list of
what to throw out would always have holes, so nothing is thrown out by name: a Chinese term is kept only when it can be
cut, from end to end, into the words of the closed vocabulary below (`cut`), and an English one only when it holds an
explicit root or comes from a list that is sorted by category. What passed was then read by eye, the largest lists
in part; the terms that did not belong are in `DROPPED` as digests.

Severity says what a hit is worth:

* `block`: flags a record by itself. Only what nobody writes but an advertisement for illegal goods or the text of
  pornography: see `trade_severity` and `porn_severity`. Never a term that any clean text holds.
* `review`: counts only together with the classifier.
* `info`: shown, never counted. In more than one in a thousand texts of some clean corpus, or an everyday errand such as
  having a paper made out.

Clean text is the even half (last byte of SHA-256(id)) of the corpora in `--corpora`. The odd half is for judging the
result, and `--report` prints that. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

# Raw social text: not clean, so no yardstick.
NOT_CLEAN = {"en-social-goemotions"}
# A term in more than this share of the texts of one clean corpus is an ordinary word there.
INFO_SHARE = 0.001
# In more than this share it is so common that a hit says nothing: dropped.
DROP_SHARE = 0.02
# Shares of a small corpus jump: one text in 200 is 0.5 %. So at least this many texts are asked for as well.
MIN_TEXTS = 2

# --- closed vocabulary: goods and services of trade advertisements (A.1 h) ---------------------------------------------

# Said by sellers only. A court record or a news item says 出售 or 贩卖, not 批发 or 货到付款.
AD_WORDS = """
批发 专卖 直销 订购 预订 专售 现货 供货 货到付款 送货上门 免定金 当面交易 qq tel 电话 联系 扣扣 厂家 专卖店 专卖网 直销网 商城 加盟
""".split()
TRADE_WORDS = """
出售 销售 供应 提供 购买 买卖 转让 代办 办理 求购 代开 开 办 卖 买 售 订制 定做 定制 制作 配方 制作方法 制作配方 制造技术 制作工艺
价格 货源 哪里有 哪里有卖 哪里买 怎么买 有卖 成品 原料 套件 配件 零件 模具 图纸 枪管 专业 各种 各类 诚信 最新 正品 原装 全套 快速 网上 网络 手机
""".split()
MODIFIERS = """
高仿 高仿真 仿真 精仿 仿 真 假 真实 假冒 各式 进口 国产 自制 组装 改装 高压 小口径 双管 单管 连发 半自动 自动 左轮 狙击 突击 户外 野营 防身 狩猎
气动 汽动 钢珠 铅弹 金属 全金属 小型 袖珍 折叠 弹簧 喷雾 香烟型 口服型 拍肩型 挥发型 挥发性 粉末型 口香糖型 口香糖 拍肩 女用 男用 少女 特效 强效 慢性 无色 无味 无色无味
催眠 汽车 车门 车 信号 电子 遥控 中控 远程 任意 智能 个人 全国 企业 公司 百元 面额 大学 本科 大专 学历 毕业 1元 100元 英语 会计 教师 医师 护士
盐酸 左旋 甲基 合成 高纯 植物 水果 化学 钻石 液态 2代 1代 二代 一代 54式 64式 77式 92式 54 64 77 92 awp pcp 工字牌 工字 秃鹰 3箭 3箭牌 虎头 虎头牌
的 和 型 式 牌 老 新 大 小 黑 白
""".split()
# Nothing here has an innocent trade.
ILLEGAL_GOODS = """
冰毒 海洛因 摇头丸 k粉 麻古 麻果 麻谷 可卡因 古柯碱 甲卡西酮 羟亚胺 氯胺酮 甲基苯丙胺 喵喵药 lsd 毒品 罂粟粉 摇头糖 摇头水 happy水 high粉 high药 king粉
冰牙签 迷幻水 迷幻药 迷幻药水 迷幻药物 迷幻剂 迷幻喷雾 迷幻香烟 迷幻蘑菇 迷晕药 迷魂药 迷魂药水 迷魂烟 迷魂香 迷魂香烟 迷魂香水 迷魂粉 迷魂水 迷药 迷烟 迷香 迷香药 迷昏药
迷昏药水 迷粉 昏迷药 昏迷粉 拍肩药 拍肩粉 拍肩药水 听话药 听话药水 听话水 听话粉 乖乖药 乖乖水 乖乖粉 蒙汗药 催情药 催情药水 催情药物 催情水 催情粉 催情液 催情口香糖 催情催眠药 催情香水
迷情药 迷情药水 迷情药物 迷情水 迷情粉 迷情乖乖水 迷情口香糖 迷奸药 迷奸药水 迷奸药丸 迷奸水 迷奸粉 强暴药 春药 失忆药 失忆水 失忆粉 失意粉 失身水 失身粉 ghb水 ghb 情蛊药 情蛊
安乐死药 安乐死药物 毒药 致癌药 赌博药 赌博粉 赌博迷药
气枪 汽枪 猎枪 手枪 步枪 枪支 枪械 钢珠枪 气步枪 汽步枪 气手枪 汽手枪 鸟枪 散弹枪 狙击枪 真枪 枪弹 子弹 气枪铅弹 枪支弹药 手狗 气狗 汽狗 钢珠狗 短狗 步狗 左轮狗 手拉狗 火药枪 打鸟枪 气手狗 土炸药 手榴弹
手qiang 猎qiang
假币 假钞 假钞票 假硬币 伪钞 仿真钞 假证 假证件 假文凭 假发票 假身份证 假护照 假驾驶证 假驾照 假毕业证 假学位证 假学历 假户口本 假结婚证 假学历证书 假学位证书 假证书 假会计证 假等级证书 假资格证
窃听软件 监听软件 卧底软件 卧底监听软件 卧底监控软件 手机窃听软件 手机监听软件 手机卧底软件 偷听软件 改号软件 显号软件 变号软件 任意显号软件 任意改号软件 窃听器 银行卡复制器
干扰器 拦截器 考试作弊器 考试作弊设备 作弊器 作弊设备 作弊器材 考试作弊器材 考试作弊工具 肾源 肝源
""".split()
# May be sold lawfully by somebody, or be harmless under another name.
UNCLEAR_GOODS = """
白粉 大麻 开心水 神仙水 苍蝇水 苍蝇粉 溜冰 溜冰工具 枪 雷管 炸药 炸弹 假钱 屏蔽器
麻黄素 麻黄碱 麻黄 杜冷丁 美沙酮 可待因 吗啡 哌替啶 曲马多 地西泮 3唑仑 三唑仑 唑仑 乙醚 咖啡因 安钠咖 安纳咖 氰化钾 氰化钠 氰化物 砒霜 冰 冰砖 牙签 牙签冰 冰油 纯冰 白冰 黄冰 冰糖 氯化钾
弓弩 弩 手弩 弩弓 连弩 弩箭 麻醉箭 麻醉弩 弓弩麻醉箭 麻醉 三步倒 铅弹 枪模 仿真枪模 电击枪 麻醉枪 瓦斯枪 射钉枪 狗粮 秃鹰 匕首 弹簧刀 弹簧刀具 跳刀 弹簧跳刀 蝴蝶刀 蝴蝶甩刀 三棱刀 3棱刀 3棱刀具 3棱尖刀 3棱刮刀 3棱刺刀 刺刀 砍刀 开山刀 猎刀 刀具 军刀 手铐 黑火药 火药 tnt 燃烧弹 燃烧瓶
开锁器 开锁工具 万能开锁器 万能开锁工具 万能钥匙 强开工具 开锁枪 解码器 软件 电视棒 成人电视棒
赌博 赌球 赌钱 赌场 真钱 博彩 投注 下注 百家乐 轮盘 老虎机 6合彩 六合彩 娱乐城 娱乐场 娱乐 骰宝 真人 在线 线上 网站 平台 游戏 网 开户 私彩 外围 庄家 足球 代孕 代考 替考 枪手 刻章 办证 套现 提现 高利贷 私家侦探 私人侦探 肾 卖肾
""".split()
# Papers and personal data: named in every office. Worth a look only beside a word of `DEALERS`.
PAPERS = """
身份证 毕业证 学位证 学历证 学历证书 文凭 学历 文凭证书 学位证书 证件 证书 等级证书 资格证 驾驶证 驾照 行驶证 护照 户口本 结婚证 会计证 护士证 教师证 医师证 4级证 6级证 46级证 成绩单 面具 人皮面具 易容面具
发票 增值税发票 增值发票 税务发票 财税发票 普通发票 空白发票 机打发票 定额发票 钞票 硬币 纸币 银行卡 信用卡 套牌车
答案 考试答案 考前答案 考中答案 高考答案 中考答案 考研答案 考生答案
股民 车主 业主 小区业主 楼盘业主 老人 老年人 女性 男性 学生 学生家长 考生 客户 银行客户 保险客户 金融客户 期货客户 物流 快递 快递面单 面单 网购 电购 电视购物 保健品 收藏品 婴儿 老板 法人 房主 户主 购物
数据 资料 名录 名单 资源 信息 通讯录 手机号 手机号码 电话号码 删帖 删贴 负面信息 负面新闻 删除
""".split()
DEALERS = "出售 批发 专卖 直销 专售 买卖 转让 代办 代开 订购 高仿 精仿 仿真 假 刻章 当面交易 货到付款 qq tel 电话".split()

# --- closed vocabulary: pornography (A.1 f) -----------------------------------------------------------------------------

# Found in pornography and its advertisements, hardly anywhere else.
EXPLICIT = """
淫穴 淫洞 淫水 淫液 淫叫 淫女 淫妇 淫娃 淫奸 淫电影 淫图 淫色 淫妻 淫母 淫姐 淫妹 淫逼 淫屄 淫肉 淫棍 淫照 淫片 淫骚 淫浪 淫声 淫语 淫贱 小穴 嫩穴 骚穴 蜜穴 肉穴 肥穴 美穴 浪穴 湿穴 后穴 穴 肉棒 肉棍 肉茎 肉缝 肉洞 肉唇 肉壁 肉屄 肉逼 鸡巴 鸡吧 鸡八
屄 骚屄 嫩屄 小屄 浪屄 臭屄 肥屄 屌 大屌 巨屌 肏 嫩逼 骚逼 插逼 操逼 日逼 小逼 肥逼 浪逼 黑逼 舔逼 逼逼 抽插 狂插 猛插 插穴 插我 插你 操我 操你 干我 内射 口射 颜射 群射 口爆 颜爆 口交 肛交 乳交 足交 脚交 群交 兽交 舔阴 吞精 吃精 潮吹 潮喷 援交 裸聊 祼聊 果聊
乱伦 迷奸 轮奸 群p 3p 换妻 性奴 肉便器 打炮 约炮 炮友 无码 色图 色站 黄站 黄网 黄片 毛片 a片 av av电影 av女优 春宫 淫书 处女穴 处女膜 开苞 巨乳 大奶 豪乳 爆乳 奶子 阴毛 龟头 爽死 艳照 裸照 裸女 偷拍 自拍 盗摄 痴女 痴汉 素人 熟女 人妻 女优 打飞机 包夜 楼凤 全套服务 上门服务 性服务 性息 特殊服务 口活 毒龙 冰火 一夜情 1夜情 夜情 午夜场 骚货 骚女 骚妇 浪女 浪妇 荡妇 荡女 肉欲 自摸 手淫
""".split()
# Also words of medicine, law, or literature.
SEXUAL = """
色情 黄色 成人 情色 激情 性爱 做爱 性交 阴道 阴茎 阴户 阴唇 阴部 阴蒂 阴穴 射精 精液 自慰 强奸 奸淫 奸 强暴 凌辱 调教 淫荡 淫乱 淫 淫秽 淫欲 乳房 乳头 双乳 美乳 胸部 屁眼 肛门 菊花 屁股 臀 高潮 性感 裸体 全裸 赤裸 脱衣 脱光 妓女 小姐 招妓 卖淫 嫖 嫖娼 处女 叫床 呻吟 丝袜 制服 诱惑 性 操 插 干 射 舔 性欲 情欲 欲火 欲女 欲 催情 春药 色 裸 sm 下体 私处 体位 姿势 发春 放荡 风骚 骚 浪 荡 偷情 奸情 交配 鸡婆 鸡 野鸡 妓 逼 伦理 艳情 三级 三级片 3级 3级片 限制级 18禁 h动漫 h漫画 h动画 av棒 快播 少妇 熟妇 学生妹 护士 空姐 女教师 女学生 女人 美少妇 辣妹 巨根 同性 双飞 野战 车震 按摩 桑拿
""".split()
# Gives a term its rest; says nothing by itself.
FILLERS = """
我 你 她 他 妳 的 得 地 小 大 好 很 被 又 啊 吧 呀 了 在 着 和 里 上 下 中 进 出 入 到 把 给 让 看 想 要 摸 玩 抽 夹 吸 吃 含 揉 捏 弄 搞 紧 爽 嫩 粗 长 硬 肥 湿 痒 美 深 快 猛 狂 死 流 水 口 舒服 使劲 用力 好爽 好紧 好大 好粗 好痒 受不了 不断 不停 全 爱 真 最 更 太 个 种
妈妈 母亲 阿姨 小姨 姐姐 妹妹 姐妹 姐 妹 妈 嫂子 嫂嫂 表姐 老师 老婆 老公 夫妻 情人 男人 男女 女 男 美女 帅哥 女友 女郎 模特 秘书 大学生 兼职 良家 白领 极品 漂亮 清纯 美艳 风流 寂寞 饥渴 疯狂 诱人 身体 肉体 嘴 小嘴 舌头 手指 腿 美腿 毛 液 精 肉 棒 洞 花心 深处 粉红 粉嫩 又粗又 又嫩又 又肥又
电影 小说 视频 图片 网站 网址 论坛 导航 下载 免费 在线 聊天室 聊天 影院 影片 贴图 贴图区 套图 图区 图库 图 片 站 网 服务 上门 上门性 电话 全套 提供 试看 高清 迅雷 快 bt 最新 写真 表演 热舞 艳舞 直播 聊 陪聊 交友 俱乐部 社区 夜 午夜 夜总会 酒店 宾馆 保健 动漫 漫画 动画 游戏 文学 故事 合集 大全 精品 收费 注册 完全 观看 播放 真人 两性 生活 学生 女性 男性 表情 技巧 小电影 短片 大片 片段 清晰 专区 地址 信息 找 包 开 叫 陪 做 用品 用具 玩具 光碟 碟 杂志 组图 人体 艺术 视讯 频道 影视 影音 电子书 有声 txt 全集 家庭 校园 都市 武侠 现代 古典 另类 变态 重口味
""".split()

# --- closed vocabulary: abuse, in the broadest sense of the sexism list (A.2 e) ------------------------------------------

ABUSE = """
操 肏 屌 干 日 草 尻 赛 塞 驶 叼 逼 屄 b 比 鸡巴 鸡吧 几巴 基巴 机掰 鸡掰 鸡歪 机歪 掰 鲍 洨 懒叫 懒觉 懒教 贱 贱人 贱货 贱婊 婊 婊子 婊砸 骚 骚货 骚逼 骚女 荡妇 淫妇 淫娃 淫荡 淫贱 妓 妓女 娼 娼妇 破鞋 烂货 烂 臭 臭婊子 公交车 绿茶婊 绿茶 圣母婊 心机婊 母狗 母猪 公狗 种猪 狗 猪 畜生 畜牲 禽兽 杂种 狗杂种 王八 王八蛋 龟 龟儿子 龟孙 龟孙子 孙子 混蛋 浑蛋 昏蛋 滚 滚蛋 滚开 去死 想死 找死 死 该死 废物 人渣 渣 渣男 渣女 垃圾 败类 蠢 蠢货 蠢猪 傻 傻逼 傻b 傻比 傻叉 傻屌 煞笔 沙雕 脑残 脑瘫 智障 弱智 白痴 白癡 笨蛋 低能 神经病 变态 变态狂 有病 恶心 无耻 不要脸 下贱 下流 龌龊 猥琐 卑鄙 装逼 装b 牛逼 牛b 苦逼 屌丝 吊丝 直男癌 直男 死变态 死胖子 肥猪 肥婆 八婆 泼妇 悍妇 怨妇 母老虎 男人婆 黄脸婆 老女人 剩女 大妈 死老太婆 拜金女 小三 小三儿 二奶 狐狸精 骚狐狸 妖艳 荡 死gay 死基佬 基佬 娘炮 娘娘腔 人妖 死娘炮 阴阳人 死人妖 性奴 肉便器 盗版女 仙女 小仙女 屁 放屁 狗屁 屁眼 吃屎 屎 粪 尿 卵 卵子 蛋蛋 老二 鸟 老鸡巴 胸 奶 奶子 乳 咪咪 肉棒 小穴 穴 淫 强奸 轮奸 意淫
""".split()
ABUSE_FILLERS = """
你 妳 他 她 它 我 您 恁 拎 林 哩 的 地 得 妈 娘 奶奶 奶 爸 爹 爷 爷爷 公 嬷 母 老母 老娘 老师 全家 祖宗 祖公 祖嬷 姐 妹 家 大爷 妈妈 吗 马 嘛 们 个 了 啊 吧 呀 这 那 真 好 太 大 小 老 死 破 臭 烂 穷 黑 骚 欠 给 被 去 去你 来 滚 装 玩 找 开 吃 喝 舔 插 射 爽 很 一 个个 样 货 人 男 女 子 儿 仔 爆 咧 雞 ㄐ 他妈 他妈的 妈的 你妈 你妈的 特么 尼玛 草泥马 卧槽 我靠 靠 靠北 靠杯 靠腰 靠邀 靠背 靠母 靠爸 干你娘 干拎娘 干恁娘 操你妈 操你 日你 肏你
""".split()

# --- English: roots whose presence alone makes a term of these lists explicit -------------------------------------------

ROOTS = """
fuck fuk fck fcuk phuk phuq fvck fuq fxck faq fucc shit sh1t shyt shyte cunt kunt cock c0ck dick d1ck puss pu55 bitch biatch b1tch b!tch biotch btch whore whor3 h0r slut sl@t titty titties titfuck tits t1ts
boob b00b cum jizz jism spunk semen sperm penis pen1s vagin clit anal anus porn pr0n sex s3x masturb wank w@nk orgas 0rg@ ejac ejak dildo nipple scrot testic bollo bollock prick twat tw@t piss p1ss
bastard bugger skank bdsm bondage orgy orgies felch fellat cunnil rimming rimjob ass arse a55 @ss nigg fag
""".split()
# Lists sorted by category, by people; the others mix in ordinary words.
SORTED_LISTS = {"surge-profanity", "dsojevic", "ldnoobw"}
# First 12 hex digits of SHA-256(term): what was taken out by eye. Names of people, groups, symbols,
# sites and products, and plainly ordinary words. Digests, so that this file is no list of names.
DROPPED: frozenset[str] = frozenset("""
00a8dd6e31b1 026ad9b14a74 0290ae5131ec 02d32f28a881 04ee4ce70214 0508a634445d 05e63c241b46 05e800039ae5 0678508d8b5a
08775183b0ec 08d7ca56081a 09616d58d55b 09cc1b93ceee 0a37647ed2cb 0a4ad99dc3ac 0c297ea76730 0c49424ff197 0c9be4d5a9e5
0d908389d328 0e766950a33f 0ebdc3317b75 0ebfcdd92172 10339b67b32b 10f6303e0f35 113f2f9ba728 11af723b0e7c 11e9420772d2
12246ef4801b 126fd9b9a2f5 12c1129b88a8 13afeb5fafc9 13c7f07654b3 14a6481e0374 16761b6ca651 181b130b5838 1828cb7d38ef
18d0f9c28d8c 1923333d8c90 19c15be23eac 1b00aad11829 1b90bfffb937 1bbeb7fbbb56 1bd8f1f4dcd4 1c076794b629 1c95c33172fc
1ce99fbe332c 1d031fb12d2e 1d0864b81a8a 1dba4b3306b4 1dc1bc0d8176 1dc96d865058 1de83442dea1 1e264b0d7648 1e3dc11c578f
1ff69c405a41 2048777a6c00 204d214e0a2e 2062f8009306 2094149b87d6 2189c0ed714f 21c445ab228a 21ff531c4235 22e07914ab9b
23353488769f 23c209a0843e 23fb072c4b50 25390976ce87 262f86db0ac7 26429a356b1d 26c0aa21c312 2752319610a7 27903c84f590
281255e5e80c 28a4f56fa448 28f8258878dc 292316bdfbbb 29e65dfe9bdb 2a6060b5e21a 2a800f2cfac2 2ac812995780 2b371dfdf391
2bc7659bf21b 2c32c156cf1a 2cc987c67642 2d05eea84d84 2d6a7de7f6a8 2da0ff9a1bf5 2e354366f29f 2e6446108bbf 2f34b7a451c6
304bf48b8274 30b721e3754e 31159146a4d5 324a63306533 3252691e6e91 32c2aaad55e4 3378a5e9acd6 33a5a2d11ad6 33b619b16192
33dc352159dc 34b14e32823e 3527a5fda723 35867da12578 37ca1b80c13b 386ce339806c 38f6a0cc6cfc 390cde5f2c1e 391cc9a155f3
392259ac81e1 392d8f8d2ef1 395facfa08e4 3975b8f7a286 3a5a25129493 3b2de521a2c6 3c0f4c6323e4 3d3e8929ecb4 3d72ace98964
3d89dcf88b06 3ea8f4d3e0f4 3eaf3f1892d6 3ef0b158edbf 400b181c8784 400cf60d654e 4077549b628c 4140197ec795 41b4d5e85655
41e302daf09f 4250c0f1a200 42beba642737 430d79644feb 444485725ede 446cea5a126b 468f0a791135 47d140cbea40 49dda9fb068e
4ae191583484 4b834145b28a 4cabd04be6ac 4d9128c23965 4dd47eca515d 4dfd0e95adbc 4e4b521a9e0b 4fac1e08165d 5029f01b0435
5058a648a82d 517b640a2fc0 528af2bdbbb2 52a29815b4df 540afe360997 544fc8545c8d 54dd6960b67d 5881792a179c 58d42fda7ea8
5939802fa54b 59888a40ad3b 598cb415a7cc 598d7c444276 59cc3cb8a429 5a36615e0368 5a474dd2660a 5ba9afdf75e9 5bebb40bd68d
5c2c85789f72 5c6718692d52 5c72bbbd5db4 5dc058b81b28 5dde896887f6 5de7372f3883 5e5fe409577f 5f558dce4409 5f84161a3fda
5f94f9a7ef0f 5fddb39145fe 60d15db06dae 61ee75684b07 62377ad5b129 623ec191106f 62de93319e95 6354a194f405 64e8abab66c8
652742992acb 6672b930d5d0 6713e85f303d 679f1414a488 67f9390708de 68dcfc2b9452 6a1a20df05bb 6adc452d6b74 6ccffa4977d4
6cd512a819ae 6d939905451d 6e09c5e9a3f0 6ec327522ee8 6eccae6877cf 6ef9d9fd4a04 6f518b3dc741 6f876d38fc14 7012ce8d9b40
70a4ce3720cc 712eededffec 720b0a44b5d8 72453fea93a7 728c113d7a02 737dd1bca21d 741094f66e2c 7560bc7b4a35 75b7c9e46977
76026007c703 77a9bd96a884 77e6f78af45f 783925ce741e 78af7bdb5626 7935d9fba3fa 79c86dbeb4c9 7a0a7cc62ed1 7a3cc1e4e4c8
7abc95d6bc41 7ae5bf110c39 7af9cfe55833 7b7881c1d503 7cc71144b276 7e60a4e7ff31 7ee139f244f5 7f5258fed05c 7f5a9ba14cb8
7fcbaa12e2ac 8056f69ebe36 81e332938785 824e77ee2bdc 83325b8aa35c 83a8ff2d3605 83e59685ac3d 84c69b9a88ef 851d49d30876
855d6a5d8058 864fe280db37 875f8594af6a 890e9bab6173 8980fa4e07b2 89fad1ae5204 8a7e9a32f661 8a8d4a9592a5 8a9c3e385933
8b2d0760b2db 8be28d7c5fcf 8d1584ce5516 8e65c6d814ee 8eea89f20023 8f09b956cbcf 8fdfc7a4e2a3 909ea69503e2 918b33af5df6
91ee5f8c27cf 9218193d4f31 926e0eecbda0 9280d1ad74ef 93379f73f54f 954bafccc8af 9557070a43b1 95d9b60133b2 967e1a8516f4
96efbc43a462 98d44e13f455 98fc07367b6d 99217e51f6a2 99b6d7e6c397 9a341c3ae34f 9a561b89f802 9ba86a96c083 9bca34feed96
9c1020237a79 9c3baa65c727 9cac0f717cd0 9cb22a0fe547 9cc23a6e62f8 9dbaa825b581 9dd32b9dfbec 9dfd0dc6be0c 9f362e1447b9
a02d538d5098 a1a89e50b237 a1e832187cff a225634039c5 a259276acf1c a2d3fcd68f5f a36860651495 a3f89e63505b a448294a6283
a467a313e8c3 a4ee2c650443 a54e71f0e17f a5d07a19a3ff a616ca83543e a6753680dd13 a76d588d0047 a78ae4b4d2e8 a81778e149d0
a84dee6258e6 a9afd9e2c0d5 aa0ab19b7b62 ab26f6966ee3 ab372d01868b ac3e7fc27b39 ad0a4ea0d67d ad505b0be8a4 ad8bfe0cbd6a
ade74a96ae48 aea9aa32f3bc af45dc4f92c6 af9672304f1a afc0a73996cf b0d4d07d612b b2715212d939 b2914fa9bcf3 b2c3b64656b5
b4eb00396fa4 b542a9a46c7e b586fc002711 b5d9c4172f29 b6edea50fcfb b81d6dc25832 baa9c1530791 baac231fd4d2 bb63ff7c2c97
bbe271f874a4 bc92f601167c be1dfdb9aed8 be4439a5d959 bf298d06f88a c0057aa35d18 c01dc884cf26 c0ad084eb1e6 c103039dc604
c1443f3d55ff c206da7d4667 c212bf9bda77 c24a5b25b0f1 c27e6cf7ae58 c370669ac253 c38f511a0554 c3c84ccd84a9 c3f53ba14bda
c46177f4680a c59758402ac4 c5fda25cf1af c60f643c9e9f c6603565c515 c6c486312287 c6e7ed2709a8 c75cb66ae28d c7de95d6ead8
c8355f158567 c837fe03baf2 ca106529ef67 ca5941f91508 cbbd0f71af28 cc1ebb559312 cce66316b4c1 cd2eb0837c9b cec88b1b7cdd
cfd5e6e488bc d0bed243c9ac d11f3961726f d13689d19e1f d2ce238bf470 d3655ec2b7da d48c12f31917 d516dbecbf6a d5273ab90605
d5b50af7125a d5dc6311775a d78112416620 d7d34a40733b d84f691fc498 d92f4cf1e2d7 daf2bcac582f db39009fdacb db3a6068f1db
dc10e452bd36 dc2abe4ed2d8 dd14a884ef30 dd32831e9d5f dd3d4a3f76c1 ddaac836a2b4 ddb94b30d8cf dec3103ff1d7 dfb0ce07edf9
e05ef301619c e0ba0fe3d5bc e1b73076698c e1ce2544228e e302e8799f82 e32565347885 e386d5cf501d e3ae0782ba00 e4ac38a0e279
e4ca9607e85e e683679358a5 e6c5570acde6 e75d98e65482 e7982476a328 e8031d14f271 e9143a29033d e935114c2837 e9c77e13a5bc
ead338bf83e9 eaf79e41621e ebcaf19a1460 ec100bb59f1a edafd0164df2 edd5f1d027a5 eff26b18165e f08b017c853b f0eb64992f6d
f28180dcec3c f39fda4e3565 f5e1107953d7 f6952d6eef55 f69e448eaf17 f87413e217d7 f87ee84f66d3 f9f55d81bbeb fa1bf95784cd
fb7335c9afb8 fb9d5013cbd1 fc313abd810b fcf03198ef43 fd1d34ba88b7 fdca9cb0db1d fee1261ba487 ff5ae7e8d206 ffd989e75a26
""".split())

LICENSES = {
    "ldnoobw": ("LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words", "CC BY 4.0"),
    "surge-profanity": ("surge-ai/profanity", "MIT"),
    "dsojevic": ("dsojevic/profanity-list", "MIT"),
    "cuss": ("words/cuss 2.2.0", "MIT"),
    "profane-words": ("zautumnz/profane-words 2.1.0", "WTFPL"),
    "sexhatelex": ("aggiejiang/SWSR, SexHateLex", "MIT"),
    "fwwdn": ("fwwdn/sensitive-stop-words", "Apache-2.0"),
    "houbb": ("houbb/sensitive-word 0.25.0", "Apache-2.0"),
}


@dataclass
class Term:
    """One folded term with everything the lists say about it."""

    text: str
    language: str
    risks: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)
    severity: str = "review"


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().strip()


def digest(term: str) -> str:
    return hashlib.sha256(term.encode()).hexdigest()[:12]


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            yield json.loads(line)


# --- which terms -------------------------------------------------------------------------------------------------------


def cut(term: str, *vocabularies: set[str]) -> list[int] | None:
    """Cuts a term into words of the vocabularies, the longest words first; None when that is not possible.

    Returns the number of the vocabulary of each word.
    """
    longest = 12
    failed: set[int] = set()

    def walk(at: int) -> list[int] | None:
        if at == len(term):
            return []
        if at in failed:
            return None
        for size in range(min(longest, len(term) - at), 0, -1):
            word = term[at : at + size]
            for number, vocabulary in enumerate(vocabularies):
                if word in vocabulary:
                    rest = walk(at + size)
                    if rest is not None:
                        return [number, *rest]
        failed.add(at)
        return None

    return walk(0)


AD, TRADE = set(AD_WORDS), set(TRADE_WORDS) | set(MODIFIERS)
ILLEGAL, UNCLEAR, PAPER = set(ILLEGAL_GOODS), set(UNCLEAR_GOODS), set(PAPERS)
HARD, SOFT, REST = set(EXPLICIT), set(SEXUAL), set(FILLERS)
INSULT, INSULT_REST = set(ABUSE), set(ABUSE_FILLERS)
# Abuse of somebody's mother: crude, but said in anger, and no pornography.
CURSE = re.compile("[操肏干插日草]+[你他她妳]+妈")


def cjk_length(term: str) -> int:
    return sum("\u4e00" <= c <= "\u9fff" for c in term)


def trade_severity(term: str) -> str | None:
    """Severity of a term on goods, None for a term outside the vocabulary.

    `block` asks for illegal goods and for a word that only a seller uses: laws, court records and news speak of
    the same goods, and of selling them, in other words.
    """
    kinds = cut(term.replace(" ", ""), ILLEGAL, UNCLEAR, PAPER, AD, TRADE)
    if kinds is None or not {0, 1, 2} & set(kinds):
        return None
    if not {0, 1} & set(kinds) and not any(word in term for word in DEALERS):
        return "info"
    return "block" if {0, 3} <= set(kinds) and not {1, 2} & set(kinds) and cjk_length(term) >= 4 else "review"


def porn_severity(term: str) -> str | None:
    """Severity of a sexual term, None for one outside the vocabulary. `block`: four characters and two sexual words, one explicit."""
    kinds = cut(term.replace(" ", ""), HARD, SOFT, REST)
    if kinds is None or not {0, 1} & set(kinds):
        return None
    if CURSE.search(term):
        return "review"
    sexual = sum(k < 2 for k in kinds)
    return "block" if 0 in kinds and sexual >= 2 and cjk_length(term) >= 4 else "review"


def english_severity(term: Term) -> str | None:
    rooted = any(root in term.text for root in ROOTS)
    if not rooted and not term.lists & SORTED_LISTS:
        return None
    if any("political" in c for c in term.categories):
        return None
    # The English lists hold insults and anatomy, no advertisements: nothing in them condemns a text alone.
    return "review"


def first_severity(term: Term) -> str | None:
    """Severity before clean text is asked; None leaves the term out."""
    text = term.text
    if len(text) < 2 or digest(text) in DROPPED or re.search(r"\d{5}|https?|www|\.com|\.cn", text):
        return None
    if term.language == "en":
        return english_severity(term) if re.search(r"[a-z]", text) else None
    if cjk_length(text) == 0:
        return None
    found = [porn_severity(text) if "A1f" in term.risks or "A2e" in term.risks else None,
             trade_severity(text) if {"A1h", "A1f", "A3e"} & term.risks else None]
    if "A2e" in term.risks or "ldnoobw" in term.lists:
        kinds = cut(text, INSULT, INSULT_REST)
        found.append("review" if kinds is not None and 0 in kinds else None)
    if all(s is None for s in found):
        return None
    return next(s for s in ("block", "review", "info") if s in found)


def read_terms(lexicons: Path) -> dict[str, Term]:
    """All Chinese and English terms of the lists, folded and joined. Other languages have no clean text to be judged by."""
    terms: dict[str, Term] = {}
    for name in sorted(LICENSES):
        for row in read_lines(lexicons / f"{name}.jsonl.zst"):
            if row["lang"] not in ("zh", "en"):
                continue
            text = fold(str(row["term"]))
            # A contact mark at both ends is one advertisement written twice.
            text = re.sub(r"^qq(?=.)(.*?)(?:qq|q)?$", r"\1qq", text) if text.startswith("qq") else text
            term = terms.setdefault(text, Term(text, str(row["lang"])))
            term.risks |= set(row["risks"])  # type: ignore[arg-type]
            term.lists.add(name)
            term.categories.add(str(row["category"]))
    return terms


# --- clean text --------------------------------------------------------------------------------------------------------


class Finder:
    """Finds terms in a text: Chinese anywhere, alphabetic ones between letters of no alphabet, as the scanner does."""

    def __init__(self, terms: list[str]) -> None:
        self.by_head: dict[str, list[str]] = defaultdict(list)
        for term in terms:
            self.by_head[term[:2]].append(term)

    @staticmethod
    def _is_letter(char: str) -> bool:
        return unicodedata.category(char)[0] in "LM" and not "\u3040" <= char <= "\u9fff"

    def find(self, text: str) -> set[str]:
        folded = fold(text)
        found = set()
        for at in range(len(folded) - 1):
            for term in self.by_head.get(folded[at : at + 2], ()):
                if term in found or not folded.startswith(term, at):
                    continue
                end = at + len(term)
                if at > 0 and self._is_letter(term[0]) and self._is_letter(folded[at - 1]):
                    continue
                if end < len(folded) and self._is_letter(term[-1]) and self._is_letter(folded[end]):
                    continue
                found.add(term)
        return found


def clean_texts(corpora: Path, odd: bool) -> Iterator[tuple[str, str]]:
    for path in sorted(corpora.glob("*.jsonl.zst")):
        name = path.name.removesuffix(".jsonl.zst")
        if name in NOT_CLEAN:
            continue
        for row in read_lines(path):
            if (hashlib.sha256(str(row["id"]).encode()).digest()[-1] & 1 == 1) == odd:
                yield name, str(row["text"])


def judge_by_clean_text(terms: dict[str, Term], corpora: Path) -> None:
    """Lowers severities by how often a term stands in clean text, and drops what is ordinary."""
    finder = Finder(list(terms))
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    texts: Counter[str] = Counter()
    for corpus, text in clean_texts(corpora, odd=False):
        texts[corpus] += 1
        for term in finder.find(text):
            hits[term][corpus] += 1
    for text, per_corpus in hits.items():
        term = terms[text]
        share = max((n / texts[c] for c, n in per_corpus.items() if n >= MIN_TEXTS), default=0.0)
        if share > DROP_SHARE:
            del terms[text]
        elif share > INFO_SHARE:
            term.severity = "info"
        elif term.severity == "block":
            term.severity = "review"


def drop_repeats(terms: dict[str, Term]) -> None:
    """Drops `block` terms that hold a shorter `block` term with the same risks: they can add no hit."""
    blocks = {t.text: t for t in terms.values() if t.severity == "block"}
    for text, term in blocks.items():
        inner = {text[i:j] for i in range(len(text)) for j in range(i + 3, len(text) + 1)} - {text}
        if any(i in blocks and blocks[i].risks >= term.risks and cjk_length(i) for i in inner):
            del terms[text]


# --- output ------------------------------------------------------------------------------------------------------------


def write_library(terms: dict[str, Term], out: Path) -> dict[str, object]:
    lists = out / "lists"
    lists.mkdir(parents=True, exist_ok=True)
    for old in lists.glob("*.txt"):
        old.unlink()
    groups: dict[tuple[str, str, tuple[str, ...]], list[Term]] = defaultdict(list)
    for term in terms.values():
        groups[(term.language, term.severity, tuple(sorted(term.risks)))].append(term)
    rows = []
    for (language, severity, risks), members in sorted(groups.items()):
        name = f"{language}-{severity}-{'-'.join(risks).lower()}.txt"
        origins = sorted({list_name for t in members for list_name in t.lists})
        head = [f"# {len(members)} terms. language: {language}. severity: {severity}. risks: {' '.join(risks)}"]
        head += [f"# from {LICENSES[o][0]} ({LICENSES[o][1]})" for o in origins]
        head += ["# Offensive by nature. Made by examples/make_library.py; do not edit."]
        body = sorted(t.text for t in members)
        (lists / name).write_text("\n".join(head + body) + "\n", encoding="utf-8")
        rows.append({"file": f"lists/{name}", "risks": list(risks), "severity": severity, "terms": len(members)})
    yaml = [
        "# Starter keyword library of the examples, made by examples/make_library.py; do not edit.",
        "# It shows the format and feeds the demo. A provider brings its own library: see README.md.",
        "version: 1",
        "name: corpusgate starter library (zh, en)",
        "# Single entries, with their own allow words, go here; the starter library has lists only.",
        "entries: []",
        "lists:",
    ]
    for row in rows:
        yaml.append(f"  - {{ file: {row['file']}, risks: [{', '.join(row['risks'])}], severity: {row['severity']} }}")
    yaml.append("options: {}")
    (out / "library.yaml").write_text("\n".join(yaml) + "\n", encoding="utf-8")
    return {"lists": rows, "total": len(terms)}


def report(terms: dict[str, Term], corpora: Path) -> None:
    """Prints, per clean corpus, the share of odd-half texts that each severity hits."""
    finder = Finder(list(terms))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    blocking: Counter[str] = Counter()
    for corpus, text in clean_texts(corpora, odd=True):
        counts[corpus]["texts"] += 1
        found = finder.find(text)
        for severity in {terms[t].severity for t in found}:
            counts[corpus][severity] += 1
        blocking.update(t for t in found if terms[t].severity == "block")
    print(f"{'corpus':22} {'texts':>6} {'block':>15} {'review':>15} {'info':>15}")
    for corpus, c in sorted(counts.items()):
        cells = [f"{c[s]:>6} {100 * c[s] / c['texts']:7.3f}%" for s in ("block", "review", "info")]
        print(f"{corpus:22} {c['texts']:>6} {cells[0]} {cells[1]} {cells[2]}")
    print("block terms found:", dict(blocking))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lexicons", type=Path, required=True, help="folder of the open word lists, *.jsonl.zst")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the clean corpora, *.jsonl.zst")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; its lists/ is replaced")
    parser.add_argument("--report", action="store_true", help="also print hits in the odd half of the clean corpora")
    args = parser.parse_args()

    terms: dict[str, Term] = {}
    for text, term in read_terms(args.lexicons).items():
        severity = first_severity(term)
        if severity is not None:
            term.severity = severity
            terms[text] = term
    judge_by_clean_text(terms, args.corpora)
    drop_repeats(terms)
    made = write_library(terms, args.out)
    print(json.dumps({
        "total": made["total"],
        "severity": Counter(t.severity for t in terms.values()),
        "language": Counter(t.language for t in terms.values()),
        "risk": dict(sorted(Counter(r for t in terms.values() for r in t.risks).items())),
    }))
    if args.report:
        report(terms, args.corpora)


if __name__ == "__main__":
    main()
