# Copyright (c) mmrrsis contributors.
