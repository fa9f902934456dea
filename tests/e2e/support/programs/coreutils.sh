# The programs of every day, once each, on files of their own.
cp /etc/passwd a
mv a b
dd if=b of=c bs=512 count=3 conv=fsync status=none
sort -r b -o d
find /etc/ssl -name '*.cnf'
ls -laR /etc/apt /etc/ssl
stat b c
touch -d 2020-01-01 e
touch f
ln -s b l
ln b h
df -h
chmod 4751 b
chown 0:0 b
mkdir -p x/y
rm -rf x
head -n1 < l | wc
mkfifo p
truncate -s 100 t
sync f
du -s .
readlink l
id
uname -a
date
sleep 0.01
timeout 0.1 sleep 5
nice -n 5 true
tail -n1 b
tee z < /etc/hosts
tar cf t.tar b c
gzip t.tar
ps
kill -0 $$
mktemp -p .
seq 3
cmp b c
xargs -n1 echo < /etc/hostname
uptime
flock f true
taskset 1 true
setsid true
nohup true
test -e /nonexistent
exit 0
