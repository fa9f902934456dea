# A repository from its first commit to its packing.
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
set -e
git init -q r
cd r
cp /etc/passwd x
git add x
git commit -q -m one
echo y >> x
git diff
git commit -q -a -m two
git log
git gc -q
git clone -q . ../c
git status -s
