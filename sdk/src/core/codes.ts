/**
 * Every code an error, a configuration fault or a log line can carry. Codes are never reused. Each text says what was
 * wrong, where, and what to do. `exit` is the status of a command that ends with it: 1 it failed, 2 the input was bad.
 */
export type Language = 'en' | 'zh';

export interface CodeRow {
  en: string;
  zh: string;
  retry: boolean;
  exit: 1 | 2;
}

const input = (en: string, zh: string): CodeRow => ({ en, zh, retry: false, exit: 2 });
const passing = (en: string, zh: string): CodeRow => ({ en, zh, retry: true, exit: 1 });
const final = (en: string, zh: string): CodeRow => ({ en, zh, retry: false, exit: 1 });

export const CODES = {
  // core
  STOPPED: final('stopped before it was done', '已停止，操作未完成'),
  INTERNAL: final('internal fault: {detail}; please report it with the log', '内部错误：{detail}；请连同日志一起报告'),
  USAGE: input('{detail}; see --help', '{detail}；请查看 --help'),

  // site.yaml and profiles
  CONFIG_UNREADABLE: input('cannot read {file}: {detail}', '无法读取 {file}：{detail}'),
  CONFIG_SYNTAX: input('not valid YAML: {detail}', 'YAML 语法错误：{detail}'),
  CONFIG_SHAPE: input('{path}: {detail}', '{path}：{detail}'),
  CONFIG_UNQUOTED: input(
    '{path}: {source} was read as a number and would lose digits; write it in quotes',
    '{path}：{source} 被当作数字读取，会丢失数位；请加引号',
  ),
  CONFIG_UNKNOWN_KEY: input(
    '{path}: unknown key {key}; known here: {known}',
    '{path}：未知键 {key}；此处可用：{known}',
  ),
  CONFIG_UNKNOWN_PROFILE: input(
    '{path}: no profile is called {profile}; did you mean {near}?',
    '{path}：没有名为 {profile} 的仪器档案；是否为 {near}？',
  ),
  CONFIG_UNKNOWN_UNIT: input(
    '{path}: {unit} is not a unit in the list; did you mean {near}?',
    '{path}：单位 {unit} 不在列表中；是否为 {near}？',
  ),
  CONFIG_UNKNOWN_CODE: input(
    '{path}: {code} is no factor code of HJ 212 tables B.1, B.2',
    '{path}：{code} 不是 HJ 212 表 B.1、B.2 中的因子编码',
  ),
  CONFIG_UNKNOWN_REFERENCE: input(
    '{path}: there is no {kind} called {name}; known: {known}',
    '{path}：没有名为 {name} 的{kind}；已有：{known}',
  ),
  CONFIG_CONTRADICTION: input('{path}: {detail}', '{path}：{detail}'),
  CONFIG_INTERVAL: input(
    '{path}: polling every {intervalMs} ms cannot satisfy {ruleSet}, which wants a sample at most every {maximumMs} ms',
    '{path}：{intervalMs} ms 的轮询间隔不满足 {ruleSet}（要求采样间隔不大于 {maximumMs} ms）',
  ),
  CONFIG_INTERVAL_TIGHT: input(
    '{path}: polling every {intervalMs} ms leaves no spare under {ruleSet}: one time-out loses the minute; use {adviceMs} ms or less',
    '{path}：{intervalMs} ms 的轮询间隔在 {ruleSet} 下没有余量，一次超时即丢失该分钟；建议不大于 {adviceMs} ms',
  ),
  CONFIG_REFUSED: input('{file} has {errors} faults; nothing was started', '{file} 有 {errors} 处错误；未启动'),
  CONFIG_PERMIT: input('{path}: {detail}', '{path}：{detail}'),
  CONFIG_NO_FILE: input('{path}: there is no file {name}', '{path}：文件 {name} 不存在'),
  CONFIG_OVERLOAD: input(
    '{path}: its devices need about {neededPercent} % of the time of line {line}; poll less often or split the line',
    '{path}：总线 {line} 上的仪器约需 {neededPercent} % 的时间；请降低轮询频率或拆分总线',
  ),
  CONFIG_NO_RANGE: input(
    '{path}: the instrument has no status and nobody says its range, so any number would count as good; give what it can measure in {unit} under channels.{channel}.range (low, high) of the device',
    '{path}：该仪器没有状态，也未给出量程，任何数值都会被视为正常；请在该仪器的 channels.{channel}.range（low、high）中按 {unit} 给出可测范围',
  ),
  PROFILE_ID: input(
    '{path}: the profile is called {id}, its folder {folder}; they must be alike',
    '{path}：档案名为 {id}，目录名为 {folder}；两者须一致',
  ),
  PROFILE_FIELD: input('{path}: {detail}', '{path}：{detail}'),
  PROFILE_LAYOUT: input('{path}: {detail}', '{path}：{detail}'),
  PROFILE_STATUS: input('{path}: {detail}', '{path}：{detail}'),
  PROFILE_NO_STATUS: input(
    'no status: none of its readings will ever count as good; map the status of the device',
    '未声明 status：其读数不会被视为正常；请映射仪器状态',
  ),

  // lines and devices
  LINE_PORT_MISSING: passing(
    'line {line}: {path} is not there; is the adapter plugged in? present: {present}',
    '总线 {line}：{path} 不存在；转换器是否插好？现有：{present}',
  ),
  LINE_PORT_BUSY: passing(
    'line {line}: {path} is in use by another program; stop it (fuser -v {path})',
    '总线 {line}：{path} 被其他程序占用；请停止该程序（fuser -v {path}）',
  ),
  LINE_PORT_DENIED: passing(
    'line {line}: no permission to open {path}; add the user to the group dialout',
    '总线 {line}：没有权限打开 {path}；请将用户加入 dialout 组',
  ),
  LINE_UNREACHABLE: passing(
    'line {line}: cannot connect to {endpoint}: {detail}',
    '总线 {line}：无法连接 {endpoint}：{detail}',
  ),
  LINE_LOST: passing('line {line}: the connection was lost: {detail}', '总线 {line}：连接中断：{detail}'),
  DEVICE_SILENT: passing(
    'unit {unit} on line {line} did not answer within {timeoutMs} ms (function {fn}, register {address})',
    '总线 {line} 上的从站 {unit} 在 {timeoutMs} ms 内无应答（功能码 {fn}，寄存器 {address}）',
  ),
  DEVICE_BACKED_OFF: passing(
    'unit {unit} on line {line} is silent; next probe in {nextMs} ms',
    '总线 {line} 上的从站 {unit} 无应答；{nextMs} ms 后再次探测',
  ),
  DEVICE_GARBLED: passing(
    'unit {unit} on line {line} was answered by {bytes} bytes that do not fit (function {fn}, register {address}): {detail}',
    '总线 {line} 上的从站 {unit} 返回了 {bytes} 个不符合请求的字节（功能码 {fn}，寄存器 {address}）：{detail}',
  ),
  DEVICE_EXCEPTION: passing(
    'unit {unit} on line {line} refused function {fn}, registers {address}..{last}: exception {exception} ({meaning})',
    '总线 {line} 上的从站 {unit} 拒绝功能码 {fn}、寄存器 {address}..{last}：异常码 {exception}（{meaning}）',
  ),
  REQUEST_INVALID: final('not a valid Modbus request: {detail}', '无效的 Modbus 请求：{detail}'),

  // ledger
  LEDGER_LOCKED: final(
    'another process ({pid}) writes the ledger in {dir}; stop it or use another --data',
    '进程 {pid} 正在写入 {dir} 中的账本；请停止它或更换 --data',
  ),
  LEDGER_READ_ONLY: final('cannot write in {dir}: {detail}', '无法写入 {dir}：{detail}'),
  LEDGER_DISK_FULL: passing(
    'no space left in {dir}: nothing new is kept until there is; {detail}',
    '{dir} 磁盘已满：释放空间之前不再保存新数据；{detail}',
  ),
  LEDGER_WRITE_FAILED: final(
    'writing {file} failed: {detail}; nothing after sequence {seq} is acknowledged',
    '写入 {file} 失败：{detail}；序号 {seq} 之后的数据未确认',
  ),
  LEDGER_DAMAGED: final(
    '{file} is damaged at offset {offset} (sequence {seq}): {detail}; the other entries stay readable, copy the folder before anything else',
    '{file} 在偏移 {offset}（序号 {seq}）处损坏：{detail}；其余条目仍可读，请先备份整个目录',
  ),
  LEDGER_OTHER_KEY: final(
    'the ledger in {dir} was written with key {ledgerKey}, but {keyFile} is {key}; put the right key back or use another --data',
    '{dir} 中的账本由密钥 {ledgerKey} 写入，而 {keyFile} 是 {key}；请恢复正确的密钥或更换 --data',
  ),
  LEDGER_ABSENT: final('there is no ledger in {dir}', '{dir} 中没有账本'),
  LEDGER_NO_SUCH_ENTRY: final(
    'there is no entry {seq}; the ledger has {size}',
    '没有序号为 {seq} 的条目；账本共有 {size} 条',
  ),
  KEY_OPEN: final(
    '{file} can be read by others (mode {mode}); chmod 600 it',
    '{file} 可被他人读取（权限 {mode}）；请执行 chmod 600',
  ),
  KEY_UNREADABLE: final('cannot use the key in {file}: {detail}', '无法使用 {file} 中的密钥：{detail}'),
  KEY_WEAK: final(
    '{file} holds a key of small order, which anybody can forge under',
    '{file} 中的密钥为小阶点，任何人都可伪造签名',
  ),
  ENTRY_TOO_LARGE: final(
    'an entry of {sizeBytes} bytes exceeds the {limitBytes} of the format',
    '条目 {sizeBytes} 字节，超过格式上限 {limitBytes}',
  ),
  ENTRY_MALFORMED: final('not an entry of this format: {detail}', '不符合格式的条目：{detail}'),
  CBOR_MALFORMED: final(
    'not deterministic CBOR at byte {offset}: {detail}',
    '字节 {offset} 处不是确定性 CBOR：{detail}',
  ),
  NOTE_MALFORMED: final('not a signed note: {detail}', '不是有效的签名回执：{detail}'),

  // acquisition
  POLL_OVERLOAD: passing(
    'line {line} cannot keep up: device {device} is due every {intervalMs} ms; poll less often or split the line',
    '总线 {line} 负载过高：仪器 {device} 应每 {intervalMs} ms 轮询一次；请降低频率或拆分总线',
  ),

  // uplinks and collector
  UPLINK_UNREACHABLE: passing(
    'uplink {uplink}: cannot reach {url}: {detail}',
    '上行 {uplink}：无法连接 {url}：{detail}',
  ),
  UPLINK_REFUSED: passing('uplink {uplink}: {url} refused: {detail}', '上行 {uplink}：{url} 拒绝：{detail}'),
  UPLINK_RECEIPT_REFUSED: final(
    'uplink {uplink}: a receipt was not accepted: {detail}; nothing was freed',
    '上行 {uplink}：回执未被接受：{detail}；未释放任何数据',
  ),
  UPLINK_STALLED: passing(
    'uplink {uplink}: no receipt beyond {size} for {seconds} s; sending again from there',
    '上行 {uplink}：{seconds} 秒内没有超过 {size} 的回执；从该处重发',
  ),
  UPLINK_PEER_AHEAD: final(
    'uplink {uplink}: the far end holds {size} entries, this ledger only {ourSize}: this machine has lost some; stop it, copy the data folder and restore the missing entries from the far end',
    '上行 {uplink}：对端已有 {size} 条，本地账本只有 {ourSize} 条：本机丢失了数据；请停机、备份数据目录并从对端恢复缺失条目',
  ),
  UPLINK_PEER_BEHIND: passing(
    'uplink {uplink}: the far end holds {size} entries although it had signed for {before}; sending them again',
    '上行 {uplink}：对端只有 {size} 条，但此前已签收 {before} 条；正在重发',
  ),
  UPLINK_FORK: final(
    'uplink {uplink}: the far end signed for other entries than ours (size {size}, ours {ourSize}); nothing was freed, keep both and find out which machine wrote with this key',
    '上行 {uplink}：对端签收的条目与本地不同（对端 {size} 条，本地 {ourSize} 条）；未释放任何数据，请保留双方数据并查明哪台机器使用了此密钥',
  ),
  UPLINK_NO_SUBSCRIBER: passing(
    'uplink {uplink}: {url} takes the entries but nobody there has subscribed to them; start the collector',
    '上行 {uplink}：{url} 接收条目，但没有订阅者；请启动收集器',
  ),
  COLLECT_UNTRUSTED: final(
    'ledger {ledger} is not in {dir}; its entries are kept aside in {quarantine}',
    '账本 {ledger} 不在 {dir} 中；其条目已隔离于 {quarantine}',
  ),
  COLLECT_REFUSED: final(
    'entry {seq} of ledger {ledger} was refused: {detail}',
    '账本 {ledger} 的条目 {seq} 被拒绝：{detail}',
  ),
  COLLECT_FORK: final(
    'ledger {ledger} has two different entries {seq}, both validly signed; the proof is in {file}',
    '账本 {ledger} 的序号 {seq} 有两个不同且签名均有效的条目；证据见 {file}',
  ),

  // clock
  CLOCK_UNKNOWN: passing(
    'nobody vouches for the wall clock ({state}): set up chrony or systemd-timesyncd; readings are kept in order all the same, and their times are signed as unsure',
    '系统时钟未经校准（{state}）：请配置 chrony 或 systemd-timesyncd；读数仍按顺序保存，其时间以“不确定”签名',
  ),
  CLOCK_STEPPED: passing(
    'the wall clock was moved by {seconds} s; the step is signed into the ledger, order does not depend on it',
    '系统时钟被调整了 {seconds} s；该变化已签名写入账本，数据顺序不受影响',
  ),

  // local door and commands
  DOOR_ABSENT: passing('no gateway runs on {dir}', '{dir} 上没有运行中的网关'),
  DOOR_DENIED: final(
    'no permission to open {path}; run this as the user of the gateway (sudo -u)',
    '没有权限打开 {path}；请以网关的用户身份运行（sudo -u）',
  ),
  DOOR_LOST: passing('the gateway on {dir} has ended', '{dir} 上的网关已结束'),
  DOOR_SILENT: passing(
    'the gateway on {dir} did not answer within {seconds} s; is its process stopped?',
    '{dir} 上的网关在 {seconds} s 内没有应答；其进程是否被暂停？',
  ),
  DOOR_REFUSED: final('the running gateway refused: {detail}', '运行中的网关拒绝：{detail}'),

  DEMO_CHILD: final(
    'the {name} of the demo ended by itself (exit {code}): {said}; its log is {logFile}',
    '演示进程 {name} 意外退出（{code}）：{said}；日志见 {logFile}',
  ),

  // simulators
  SIM_UNKNOWN: input('there is no scenario {name}; known: {known}', '没有名为 {name} 的场景；已有：{known}'),
  SIM_SCENARIO: input('the scenario cannot be run: {file}{faults}', '场景无法运行：{file}{faultsZh}'),
  SIM_LISTEN: final(
    'cannot listen on {endpoint}: {detail}; choose another --port, 0 for any free one',
    '无法监听 {endpoint}：{detail}；请更换 --port，0 表示任意空闲端口',
  ),
  SIM_COMMAND: input('cannot do "{command}": {detail}', '无法执行"{command}"：{detail}'),
} as const satisfies Record<string, CodeRow>;

export type Code = keyof typeof CODES;
